import { deferred, type Scope } from "loquilex/resources";
import type { Log } from "../../logging/log.js";
import { afterRunningTime } from "../../running-time.js";
import type { StorageError } from "../files/storage-error.js";
import type { DiskTrouble } from "./disk-trouble.js";

/** How long a recording waits for a disk that takes nothing: as long as clients keep their audio, unless told otherwise. */
const PATIENCE_MS = 30_000;
/** How long one whose audio is complete does: less than its client waits, and than a server may take that is stopping. */
const LAST_PATIENCE_MS = 2_000;
const TRY_AGAIN_MS = 500;

export interface WritePatienceOptions {
  readonly trouble: DiskTrouble;
  readonly logger: Log;
  readonly scope: Scope;
  /** The disk takes nothing, or does again: in a sentence for the client. */
  onChange(isTroubled: boolean, detail: string): void;
}

/**
 * Decides how long one recording tries again to write what the disk did not take. Nothing is acknowledged meanwhile, so that
 * clients keep their audio and a disk that is full for a while costs nobody anything.
 */
export class WritePatience {
  readonly #options: WritePatienceOptions;
  #leftMs = PATIENCE_MS;
  #isTroubled = false;
  #isHurried = false;
  #tryNow: (() => void) | undefined;

  constructor(options: WritePatienceOptions) {
    this.#options = options;
    options.scope.defer("wait for the disk", () => this.hurry());
  }

  /** Resolves when it is time to try again, with `false` if it is time to give up. */
  async outlasts(error: StorageError): Promise<boolean> {
    const { scope } = this.#options;
    if (!error.isTemporary || this.#leftMs <= 0 || scope.disposed) {
      this.#end();
      return false;
    }
    if (!this.#isTroubled) this.#begin(error);
    this.#leftMs -= TRY_AGAIN_MS;
    const next = deferred<void>();
    this.#tryNow = next.resolve;
    const timer = afterRunningTime(scope, TRY_AGAIN_MS, next.resolve, "next try to write");
    await next.promise;
    timer.dispose();
    this.#tryNow = undefined;
    return true;
  }

  /** A write has worked. */
  worked(): void {
    if (!this.#isHurried) this.#leftMs = PATIENCE_MS;
    if (!this.#isTroubled) return;
    this.#end();
    const { logger, onChange } = this.#options;
    logger.info("The disk takes the recording again.");
    onChange(false, "The server's disk takes recordings again.");
  }

  /** No more audio comes. */
  hurry(): void {
    this.#isHurried = true;
    this.#leftMs = Math.min(this.#leftMs, LAST_PATIENCE_MS);
    this.#tryNow?.();
  }

  #begin(error: StorageError): void {
    const { trouble, logger, onChange } = this.#options;
    this.#isTroubled = true;
    trouble.begins(this);
    logger.error({ err: error }, "The disk takes nothing: nothing is acknowledged, and the client keeps its audio.");
    onChange(true, "The server's disk takes nothing, so that nothing is acknowledged.");
  }

  #end(): void {
    this.#isTroubled = false;
    this.#options.trouble.ends(this);
  }
}
