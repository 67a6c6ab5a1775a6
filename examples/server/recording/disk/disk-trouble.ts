import { CloseCode } from "loquilex/protocol";
import type { Refusal } from "../../protocol/opening-judge.js";
import type { WritePatience } from "./write-patience.js";

const DISK_FAILS: Refusal = {
  code: CloseCode.overloaded,
  error: "disk_full",
  detail: "The server's disk takes nothing at the moment, so that no new session can be recorded.",
  retryAfterMs: 5_000,
};

/** Which recordings of a server wait for a disk that takes nothing. As long as one does, no new session begins. */
export class DiskTrouble {
  readonly #waiting = new Set<WritePatience>();

  /** Why no new session can begin. */
  get refusal(): Refusal | undefined {
    return this.#waiting.size > 0 ? DISK_FAILS : undefined;
  }

  begins(recording: WritePatience): void {
    this.#waiting.add(recording);
  }

  ends(recording: WritePatience): void {
    this.#waiting.delete(recording);
  }
}
