import type { AudioStreamError } from "../errors.js";
import { withSignal } from "../internal/abort.js";
import { checkEach, checkObject, checkSignal, optional } from "../internal/arguments.js";
import { deferred } from "../internal/deferred.js";
import { Scope } from "../internal/scope.js";
import { within } from "../internal/within.js";
import type { Transport, UrlProvider } from "../transport/transport.js";
import { journalError } from "./journal-errors.js";
import { JournalLink } from "./journal-link.js";
import type { FromJournal, ListedJournal, ToJournal } from "./journal-messages.js";
import { checkedWorkerUrl } from "./persistent-journal.js";
import { type RecoveredAudio, type RecoverOptions, recover } from "./recovery.js";

/** How long the disk may take to be looked through, in milliseconds. */
const LOOK_TIMEOUT_MS = 30_000;

/** Options of {@link recoverStreams}. */
export interface RecoverStreamsOptions {
  /** Bounds the search. The promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** As that of {@link persistentJournal}. */
  readonly workerUrl?: string | URL | undefined;
}

/** Audio that an earlier page has left behind because it was reloaded, closed or killed, or because its stream failed. */
export interface LeftStream {
  /** The stream's session; `undefined` if it cannot be read. */
  readonly sessionId: string | undefined;
  /** When its journal was begun, in milliseconds since 1970; 0 if it cannot be read. */
  readonly startedAt: number;
  /** When something was kept last, in milliseconds since 1970; 0 if it cannot be read. */
  readonly leftAt: number;
  /** How much audio is kept that the server may not have, in milliseconds. */
  readonly durationMs: number;
  /** Why it cannot be recovered, if that is so. It can be discarded all the same. */
  readonly error: AudioStreamError<"journal-unavailable"> | undefined;
  /**
   * Sends what is kept to the server and ends the session there: as the same session if the server still has it, and otherwise as a new
   * one, with the positions that the audio had. The journal is erased once the server has everything, and stays if that fails.
   * @param server as for `createMicrophoneStream`.
   * @throws AudioStreamError why it could not be delivered, or `journal-unavailable`; the reason of the signal; TypeError or RangeError.
   */
  recover(server: UrlProvider | Transport, options?: RecoverOptions): Promise<RecoveredAudio>;
  /** Erases it. @throws AudioStreamError `journal-unavailable`, or the reason of the signal. */
  discard(options?: Pick<RecoverStreamsOptions, "signal">): Promise<void>;
}

/**
 * Looks for what earlier pages of this origin have left in a {@link persistentJournal}, the oldest first. What another tab is using is
 * not among it. Call it when the page has loaded, and offer to send what is found.
 * @throws AudioStreamError `journal-unavailable` if it cannot be looked for; the reason of the signal; TypeError.
 */
export async function recoverStreams(options: RecoverStreamsOptions = {}): Promise<LeftStream[]> {
  checkObject("options", options);
  checkEach("", options, {}, { signal: optional(checkSignal) });
  const workerUrl = checkedWorkerUrl(options.workerUrl);
  const { journals } = await ask({ ...options, workerUrl }, { type: "list" }, (message) => {
    if (message.type === "listed") return message;
    // A page that may keep nothing has nothing left.
    if (message.type === "problem" && message.problem === "no-storage") return { journals: [] };
    return undefined;
  });
  return [...journals]
    .sort((a, b) => (a.state?.startedAt ?? 0) - (b.state?.startedAt ?? 0))
    .map((listed) => toLeft(listed, workerUrl));
}

function toLeft({ journal, problem, state, samples, at }: ListedJournal, workerUrl: string | undefined): LeftStream {
  const error =
    problem &&
    journalError(problem, problem === "damaged" ? "Nothing in it can be read." : "It is of another version.");
  return {
    sessionId: state?.sessionId,
    startedAt: state?.startedAt ?? 0,
    leftAt: at,
    durationMs: state === undefined ? 0 : (samples / state.format.sampleRate) * 1_000,
    error,
    async recover(server, options = {}) {
      if (error !== undefined) throw error;
      return recover(journal, server, options, workerUrl);
    },
    async discard(options = {}) {
      checkObject("options", options);
      await ask({ ...options, workerUrl }, { type: "erase", journal }, (message) =>
        message.type === "erased" ? message : undefined,
      );
    },
  };
}

/** Has a worker do one task. @param read returns what the message comes to, or `undefined` if it is not the answer. */
async function ask<Answer extends object>(
  { signal, workerUrl }: { readonly signal?: AbortSignal | undefined; readonly workerUrl: string | undefined },
  task: ToJournal,
  read: (message: FromJournal) => Answer | undefined,
): Promise<Answer> {
  signal?.throwIfAborted();
  const scope = new Scope({ name: "journals" });
  const answer = deferred<Answer>();
  try {
    const link = new JournalLink({
      scope,
      workerUrl,
      onMessage: (message) => {
        const found = read(message);
        if (found !== undefined) answer.resolve(found);
        else if (message.type === "problem") answer.reject(journalError(message.problem, message.reason));
      },
      onNone: (reason) => answer.reject(journalError("no-worker", reason)),
    });
    link.post(task);
    const found = await withSignal(within(scope, LOOK_TIMEOUT_MS, answer.promise, undefined), signal);
    if (found === undefined) throw journalError("storage-failed", "The disk does not answer.");
    return found;
  } finally {
    await scope.dispose();
  }
}
