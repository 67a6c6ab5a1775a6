import { readdir } from "node:fs/promises";
import type { Scope } from "loquilex/resources";
import type { Log } from "../../logging/log.js";
import { makeFolder } from "../files/make-folder.js";
import { OWNER, parseTemporaryName } from "../files/temporary-path.js";
import { recoverRecordings } from "../recover-recordings.js";
import { BEAT_MS, FolderLease, leaseholders, removeLease } from "./folder-lease.js";
import { LeaseWatch, type Verdict } from "./lease-watch.js";

export interface SharedFolderOptions {
  /** Made if it is missing. */
  readonly directory: string;
  readonly logger: Log;
  /** Owns the lease, which is given back when it ends: after the last file is finished. */
  readonly scope: Scope;
  /** Others took this server for dead. What it was writing is theirs; what it begins from now on is its own again. */
  readonly onTaken?: (() => void) | undefined;
}

/**
 * A folder that several servers may write to at once, in containers or on machines of their own. This server shows the
 * others that it is alive, and finishes what those leave that are dead.
 */
export class SharedFolder {
  readonly #options: SharedFolderOptions;
  readonly #watch: LeaseWatch;

  /** For {@link SharedFolder.open}. */
  constructor(options: SharedFolderOptions) {
    this.#options = options;
    this.#watch = new LeaseWatch(options.directory);
  }

  /**
   * Resolves when this server holds its lease, and what servers left that are certainly dead is finished. What others
   * left is finished later, once they have been silent for long enough. @throws the file system's error.
   */
  static async open(options: SharedFolderOptions): Promise<SharedFolder> {
    const folder = new SharedFolder(options);
    await makeFolder(options.directory);
    await FolderLease.take(options);
    await folder.#look(await folder.#strangers());
    folder.#schedule();
    return folder;
  }

  #schedule(): void {
    const { scope } = this.#options;
    if (!scope.disposed) scope.timeout(BEAT_MS, () => void this.#lookAgain(), "next look at the other servers");
  }

  /** Never rejects. */
  async #lookAgain(): Promise<void> {
    const { directory, logger } = this.#options;
    try {
      await this.#look(await leaseholders(directory));
    } catch (error) {
      logger.debug({ directory, err: error }, "The folder could not be looked through.");
    }
    this.#schedule();
  }

  /** Servers whose leases or unfinished files are in the folder. */
  async #strangers(): Promise<string[]> {
    const { directory } = this.#options;
    const names = await readdir(directory);
    const owners = names.flatMap((name) => parseTemporaryName(name)?.owner ?? []);
    return [...owners, ...(await leaseholders(directory))];
  }

  async #look(found: readonly string[]): Promise<void> {
    const gone = new Map<string, Verdict>();
    for (const owner of new Set([...found, ...this.#watch.watched])) {
      if (owner === OWNER) continue;
      const verdict = await this.#watch.look(owner);
      if (verdict !== "unsure") gone.set(owner, verdict);
    }
    if (gone.size > 0 && !this.#options.scope.disposed) await this.#takeOver(gone);
  }

  async #takeOver(gone: ReadonlyMap<string, Verdict>): Promise<void> {
    const { directory, logger } = this.#options;
    // One that is only asleep must see that before it confirms anything that it writes when it wakes up.
    for (const [owner, verdict] of gone) if (verdict === "silent") await removeLease(directory, owner);
    const { recovered, completed, removed, failed } = await recoverRecordings(
      directory,
      (owner) => gone.get(owner) ?? "unsure",
    );
    for (const path of recovered) logger.warn({ path }, "Finished a recording that another server left.");
    for (const path of completed) logger.warn({ path }, "Completed a transcript that another server left.");
    for (const path of removed) logger.info({ path }, "Removed an empty leftover of another server.");
    for (const { path, error } of failed) logger.error({ path, err: error }, "A leftover could not be finished.");
    for (const owner of gone.keys()) {
      // Last of all: if this server dies before, the next one still finds whose files these are.
      await removeLease(directory, owner);
      this.#watch.forget(owner);
    }
  }
}
