import { type AnyAudioStreamError, type AudioStreamError, isAudioStreamError } from "../errors.js";
import { loadRunningCode } from "../host/running/running-code-loader.js";
import type { RunningEvent } from "../host/running-messages.js";
import { withSignal } from "../internal/abort.js";
import { checkEach, checkFunction, checkObject, checkSignal, numberFrom, optional } from "../internal/arguments.js";
import { systemClock } from "../internal/clock.js";
import { type Deferred, deferred } from "../internal/deferred.js";
import { randomId } from "../internal/random.js";
import type { AudioRange } from "../internal/range-set.js";
import { Scope } from "../internal/scope.js";
import { within } from "../internal/within.js";
import { CloseCode } from "../protocol/close-codes.js";
import type { SessionOptions } from "../session/session-options.js";
import type { ServerEvent } from "../stream/events/events.js";
import type { ReconnectOptions } from "../stream/options/options.js";
import { resolveOptions } from "../stream/options/resolve-options.js";
import type { ConnectContext, Transport, UrlProvider } from "../transport/transport.js";
import { transportTo } from "../transport/websocket.js";
import { journalError } from "./journal-errors.js";
import { JournalLink } from "./journal-link.js";
import { samplesOf } from "./journal-messages.js";
import type { JournalContent } from "./log/journal-reader.js";
import { partsBetween } from "./log/journal-state.js";
import { checkpointOf, inputsOf } from "./resumed-session.js";

/** How long the disk may take to give back what it has, in milliseconds. */
const READ_TIMEOUT_MS = 30_000;
const DEFAULT_TIMEOUT_MS = 60_000;

/** Options of {@link LeftStream.recover}. */
export interface RecoverOptions {
  /** Aborting it ends the recovery, and leaves the journal as it is. The promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** As that of a stream. */
  readonly getToken?: ((context: ConnectContext) => string | Promise<string>) | undefined;
  /** As that of a stream. */
  readonly reconnect?: ReconnectOptions | false | undefined;
  /**
   * How long the delivery may take, beyond the time that the audio takes to be spoken, in milliseconds: from 0 to an hour.
   * @defaultValue 60_000
   */
  readonly timeoutMs?: number | undefined;
  /** Told each message of the server, such as captions of what is recovered. */
  readonly onMessage?: ((message: ServerEvent) => void) | undefined;
}

/** What became of an earlier page's audio. */
export interface RecoveredAudio {
  /** The session that the server has it under: the earlier page's, or a new one if that was refused. */
  readonly sessionId: string;
  /** Whether the server still had the earlier page's session, and went on with it. */
  readonly resumed: boolean;
  /** How much audio was kept that the server had not acknowledged before, in milliseconds. */
  readonly durationMs: number;
  /** Audio that the server will never get, in samples since the stream began; each sample once. */
  readonly lost: readonly AudioRange[];
  /**
   * Position up to which everything is either on the server or in `lost`. What the earlier page captured after it, which is at most
   * what it captured in its last 200 ms unless it was warned, nobody knows.
   */
  readonly knownTo: number;
  /** Rate of these positions, in Hz. */
  readonly sampleRate: number;
}

/** Delivers what a journal holds. @throws as {@link LeftStream.recover}. */
export async function recover(
  journal: string,
  server: UrlProvider | Transport,
  options: RecoverOptions,
  workerUrl: string | undefined,
): Promise<RecoveredAudio> {
  checkObject("options", options);
  const { timeoutMs } = checkEach(
    "",
    options,
    { timeoutMs: DEFAULT_TIMEOUT_MS },
    {
      signal: optional(checkSignal),
      onMessage: optional(checkFunction),
      timeoutMs: numberFrom(0, 3_600_000),
    },
  );
  const { getToken, reconnect, signal } = options;
  const { session } = resolveOptions({ getToken, reconnect }, random);
  const transport = transportTo(server);
  // Before anything is acquired.
  signal?.throwIfAborted();
  return new Recovery({ journal, transport, options, session, timeoutMs, workerUrl }).run();
}

const random = (): number => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;

interface RecoveryParts {
  readonly journal: string;
  readonly transport: Transport;
  readonly options: RecoverOptions;
  readonly session: SessionOptions;
  readonly timeoutMs: number;
  readonly workerUrl: string | undefined;
}

interface Delivery {
  readonly error: AudioStreamError | undefined;
  readonly resumed: boolean;
  readonly lost: readonly AudioRange[];
}

class Recovery {
  readonly #parts: RecoveryParts;
  readonly #scope = new Scope({ name: "recovery" });
  readonly #link: JournalLink;
  readonly #content: Deferred<JournalContent> = deferred();
  readonly #renamed = deferred<true>();

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
    this.#link = new JournalLink({
      scope: this.#scope,
      workerUrl: parts.workerUrl,
      onMessage: (message) => {
        if (message.type === "content") this.#content.resolve(message.content);
        if (message.type === "renamed") this.#renamed.resolve(true);
        // A disk that takes nothing more is no reason to keep back what it has given.
        if (message.type === "problem") this.#content.reject(journalError(message.problem, message.reason));
      },
      onNone: (reason) => this.#content.reject(journalError("no-worker", reason)),
    });
    this.#link.post({ type: "resume", journal: parts.journal });
  }

  async run(): Promise<RecoveredAudio> {
    try {
      return await withSignal(this.#deliver(), this.#parts.options.signal);
    } finally {
      await this.#scope.dispose(this.#parts.options.signal?.reason);
    }
  }

  async #deliver(): Promise<RecoveredAudio> {
    const content = await within(this.#scope, READ_TIMEOUT_MS, this.#content.promise, undefined);
    if (content === undefined) throw journalError("storage-failed", "The disk does not answer.");
    const { state, frames, end } = content;
    let names: Names = { sessionId: state.sessionId, clientId: state.clientId };
    let delivery = await this.#send(content, names, true);
    if (isRefusal(delivery.error)) {
      names = { sessionId: randomId(), clientId: randomId() };
      // A page that dies while it sends must not leave behind that the audio belongs to the earlier session alone.
      this.#link.post({ type: "rename", ...names });
      await within(this.#scope, READ_TIMEOUT_MS, this.#renamed.promise, undefined);
      delivery = await this.#send(content, names, false);
    }
    if (delivery.error !== undefined) throw delivery.error;
    this.#link.eraseAtEnd();
    const present = frames.map(({ position, sampleCount }) => ({ from: position, to: position + sampleCount }));
    const samples = samplesOf(partsBetween(present, state.settled, end));
    return {
      sessionId: names.sessionId,
      resumed: delivery.resumed,
      durationMs: (samples / state.format.sampleRate) * 1_000,
      lost: partsBetween(delivery.lost, 0, end),
      knownTo: end,
      sampleRate: state.format.sampleRate,
    };
  }

  /** Runs a session that goes on for that of the journal, on the page, until it has ended. @param resumes whether that is the same one. */
  async #send(content: JournalContent, names: Names, resumes: boolean): Promise<Delivery> {
    const { transport, options, timeoutMs, session: given } = this.#parts;
    const { format } = content.state;
    const scope = this.#scope.child("session");
    const ended = deferred<AudioStreamError | undefined>();
    const lost: AudioRange[] = [];
    let resumed: boolean | undefined;
    const onEvent = (event: RunningEvent): void => {
      switch (event.type) {
        case "connected":
          resumed = resumed !== false && event.reconnection?.resumed === true;
          break;
        case "message":
          this.#tell(event.message as ServerEvent);
          break;
        case "drop":
          lost.push(event.range);
          break;
        case "ended":
        case "failed":
          ended.resolve("error" in event ? event.error : undefined);
      }
    };
    const { pageHost } = await loadRunningCode(scope);
    const bytes = content.frames.reduce((sum, { payload }) => sum + payload.byteLength, 0);
    const session: SessionOptions = {
      ...{ ...given, ...names, format },
      // All of it is in memory already.
      replay: { maxDurationMs: Number.MAX_SAFE_INTEGER, maxBytes: bytes + 1, whenFull: "drop-oldest" },
      restored: checkpointOf(content, resumes),
    };
    const host = pageHost(
      {
        ...{ session, frameDurationMs: 20, preRollMs: 0, levelIntervalMs: 0 },
        format: {
          encoding: format.encoding,
          sampleRate: format.sampleRate,
          channelCount: format.channels === 2 ? 2 : 1,
        },
      },
      { scope, clock: systemClock, transport, openEncoder: undefined, getToken: options.getToken, onEvent },
    );
    const port = this.#link.connect();
    host.post({ type: "journal", port }, [port]);
    const spokenMs = ((content.end - content.state.settled) / format.sampleRate) * 1_000;
    host.post({ type: "session", inputs: inputsOf(content, timeoutMs + spokenMs) }, []);
    const error = await withSignal(ended.promise, scope.signal);
    await scope.dispose();
    return { error, resumed: resumed ?? false, lost };
  }

  /** What the application's function throws is reported as that of a listener, and stops nothing. */
  #tell(message: ServerEvent): void {
    try {
      this.#parts.options.onMessage?.(message);
    } catch (error) {
      reportError(error);
    }
  }
}

interface Names {
  readonly sessionId: string;
  readonly clientId: string;
}

/** Whether the server refuses this session for good, and may take another one. */
function isRefusal(error: AudioStreamError | undefined): boolean {
  const known = error as AnyAudioStreamError | undefined;
  if (isAudioStreamError(known, "session-in-use") || isAudioStreamError(known, "session-superseded")) return true;
  return isAudioStreamError(known, "rejected-by-server") && known.details.closeCode === CloseCode.forbidden;
}
