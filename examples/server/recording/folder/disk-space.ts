import { statfs } from "node:fs/promises";
import { CloseCode } from "loquilex/protocol";
import type { Scope } from "loquilex/resources";
import type { Log } from "../../logging/log.js";
import type { Refusal } from "../../protocol/opening-judge.js";

const LOOK_MS = 5_000;
/** There has to be so much more room again before new sessions are taken, so that nobody is let in and out in turn. */
const ENOUGH = 1.1;

const DISK_FULL: Refusal = {
  code: CloseCode.overloaded,
  error: "disk_full",
  detail: "The server's disk is nearly full, so that no new session can be recorded.",
  retryAfterMs: 30_000,
};

export interface DiskSpaceOptions {
  readonly directory: string;
  /** 0 for no watch. */
  readonly minFreeBytes: number;
  readonly logger: Log;
  readonly scope: Scope;
  /** @defaultValue what the file system says that this user may write */
  readonly readFreeBytes?: ((directory: string) => Promise<number>) | undefined;
  /** The room has become too little, or is enough again. */
  onChange(isLow: boolean): void;
}

/** Watches how much room the disk of the recordings has. What runs goes on as long as it can; nothing new begins. */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  #isLow = false;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
    if (options.minFreeBytes > 0) void this.#look();
  }

  /** Why no new session can begin. */
  get refusal(): Refusal | undefined {
    return this.#isLow ? DISK_FULL : undefined;
  }

  async #look(): Promise<void> {
    const { directory, minFreeBytes, logger, scope, readFreeBytes = freeBytesOf, onChange } = this.#options;
    // A folder that is gone has no room to tell; it is made again by the next recording.
    const freeBytes = await readFreeBytes(directory).catch(() => undefined);
    const wasLow = this.#isLow;
    if (freeBytes !== undefined) this.#isLow = freeBytes < minFreeBytes * (wasLow ? ENOUGH : 1);
    if (this.#isLow !== wasLow && !scope.disposed) {
      const sentence = wasLow
        ? "The disk has room again; new sessions are taken."
        : "The disk is nearly full: no new session is taken until there is room under LX_OUT_DIR, see LX_MIN_FREE_BYTES.";
      logger[wasLow ? "info" : "error"]({ freeBytes, minFreeBytes, directory }, sentence);
      onChange(this.#isLow);
    }
    scope.timeout(LOOK_MS, () => void this.#look(), "look at the disk's room");
  }
}

async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}
