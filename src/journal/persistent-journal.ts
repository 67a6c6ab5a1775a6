import { isAudioStreamError } from "../errors.js";
import type { ImportedJournal, OpenJournal, PersistentJournal } from "../host/imported-journal.js";
import { checkEach, checkObject, checkUrl, numberFrom, optional } from "../internal/arguments.js";
import { randomId } from "../internal/random.js";
import { journalError } from "./journal-errors.js";
import { JournalLink } from "./journal-link.js";

/** Options of {@link persistentJournal}. */
export interface PersistentJournalOptions {
  /** What unacknowledged audio may take on the disk, in bytes. Beyond it, the oldest is held in memory alone. @defaultValue 67_108_864 */
  readonly maxBytes?: number | undefined;
  /** How long what a page has left may be recovered, in milliseconds; later on it is erased unread. @defaultValue 86_400_000 */
  readonly maxAgeMs?: number | undefined;
  /**
   * Where `dist/loquilex.journal.worker.js` is served, for pages whose policy forbids workers from a blob. If it fails, the code inside
   * the package is tried.
   */
  readonly workerUrl?: string | URL | undefined;
}

/** What the options of {@link persistentJournal} are when they are not given. */
export const JOURNAL_DEFAULTS = Object.freeze({ maxBytes: 67_108_864, maxAgeMs: 86_400_000 });

const YEAR_MS = 31_536_000_000;

/** The address as it goes to the browser. @throws TypeError */
export const checkedWorkerUrl = (workerUrl: unknown): string | undefined =>
  optional(checkUrl)("workerUrl", workerUrl) ?? (workerUrl === undefined ? undefined : String(workerUrl));

/**
 * A journal on the disk, for a stream's option `replay.journal`: what the server has not acknowledged is kept, encrypted, in the
 * origin's private file system, or in IndexedDB if a worker has no such files, until it is acknowledged. After a reload or a crash
 * {@link recoverStreams} finds it. If a page may keep nothing, a `warning` with the code `journal-unavailable` says so, and the
 * stream goes on without.
 * @throws TypeError or RangeError naming the option that cannot be.
 */
export function persistentJournal(options: PersistentJournalOptions = {}): PersistentJournal {
  checkObject("options", options);
  const { maxBytes, maxAgeMs } = checkEach("", options, JOURNAL_DEFAULTS, {
    maxBytes: numberFrom(1_048_576, Number.MAX_SAFE_INTEGER),
    maxAgeMs: numberFrom(0, YEAR_MS),
  });
  const workerUrl = checkedWorkerUrl(options.workerUrl);
  const journal: ImportedJournal = {
    name: "persistent",
    open({ scope, session, onWarning }): OpenJournal {
      const link = new JournalLink({
        scope,
        workerUrl,
        onMessage: (message) => {
          if (message.type === "problem") onWarning(journalError(message.problem, message.reason));
        },
        onNone: (reason) => onWarning(journalError("no-worker", reason)),
      });
      const { sessionId, clientId, format } = session;
      const startedAt = performance.timeOrigin + performance.now();
      const subject = { startedAt, maxAgeMs, sessionId, clientId, format };
      link.post({ type: "keep", journal: randomId(), subject, maxBytes });
      scope.follow(scope.signal, (reason) => {
        // A stream that was closed has delivered everything.
        if (isAudioStreamError(reason, "invalid-state")) link.eraseAtEnd();
      });
      return { connect: () => link.connect(), discard: () => link.eraseAtEnd() };
    },
  };
  return journal;
}
