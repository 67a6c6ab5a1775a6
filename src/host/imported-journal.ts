import type { AudioStreamError } from "../errors.js";
import type { Scope } from "../internal/scope.js";
import type { SessionOptions } from "../session/session-options.js";

/** A journal on the disk as a value of the option `replay.journal`; made by `persistentJournal()` of `loquilex/journal`. */
export interface PersistentJournal {
  /** Tells it from `"memory"`. */
  readonly name: "persistent";
}

/** The same with what the stream calls, so that only an application that uses it carries its code. */
export interface ImportedJournal extends PersistentJournal {
  /** Begins the journal of a stream. It ends with the scope. */
  open(parts: JournalParts): OpenJournal;
}

export interface JournalParts {
  readonly scope: Scope;
  readonly session: Pick<SessionOptions, "sessionId" | "clientId" | "format">;
  /** Audio is not kept, or not for the time being. */
  onWarning(error: AudioStreamError): void;
}

/** A journal that is written. */
export interface OpenJournal {
  /** @returns where a running side posts each frame that it takes, and a checkpoint whenever the server has told something. */
  connect(): MessagePort;
  /** Nothing may be left of it when the scope has ended. Otherwise it is left if the server has not got everything. */
  discard(): void;
}
