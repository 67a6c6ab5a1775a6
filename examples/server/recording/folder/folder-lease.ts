import { readdir, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Scope } from "loquilex/resources";
import { codeOf } from "../../error-code.js";
import type { Log } from "../../logging/log.js";
import { makeFolder } from "../files/make-folder.js";
import { OWNER } from "../files/temporary-path.js";
import { openLifeline, reachOf } from "./lifeline.js";

/** How often a server shows that it is alive. */
export const BEAT_MS = 1_000;

const LEASE_FOLDER = ".servers";
const LEASE = /^((?:\d{1,10}-)?[0-9a-f]{12,16})\.lease$/;

/** Where a server's lease of the folder is. */
export const leasePath = (directory: string, owner: string): string => join(directory, LEASE_FOLDER, `${owner}.lease`);
/** Where it listens, see {@link openLifeline}. */
export const lifelinePath = (directory: string, owner: string): string =>
  join(directory, LEASE_FOLDER, `${owner}.sock`);

/** The servers that hold a lease of the folder, alive or not. */
export async function leaseholders(directory: string): Promise<string[]> {
  const names = await readdir(join(directory, LEASE_FOLDER));
  return names.flatMap((name) => LEASE.exec(name)?.[1] ?? []);
}

/** Takes a dead server's lease away. */
export async function removeLease(directory: string, owner: string): Promise<void> {
  await rm(lifelinePath(directory, owner), { force: true });
  await rm(leasePath(directory, owner), { force: true });
}

export interface FolderLeaseOptions {
  readonly directory: string;
  readonly logger: Log;
  readonly scope: Scope;
  /** Others took this server for dead, and may have finished what it was writing. Called before it has a lease again. */
  readonly onTaken?: (() => void) | undefined;
}

/**
 * This server's lease of a folder that it may share with others: a file with a number in it that grows while the server
 * runs. Whoever sees the number stand still for long enough may finish what the server left. No clocks are compared,
 * because those of two machines differ, and no process numbers, because each container has its own.
 */
export class FolderLease {
  readonly #options: FolderLeaseOptions;
  readonly #reach: string;
  #beats = 0;
  #beating: Promise<void> = Promise.resolve();
  #isFailing = false;

  /** For {@link FolderLease.take}. */
  constructor(options: FolderLeaseOptions, reach: string) {
    this.#options = options;
    this.#reach = reach;
  }

  /** Must come before the first file that this server makes in the folder. @throws the file system's error. */
  static async take(options: FolderLeaseOptions): Promise<FolderLease> {
    const { directory, scope } = options;
    const lease = new FolderLease(options, (await reachOf(directory)) ?? "");
    await lease.#create();
    await openLifeline(lifelinePath(directory, OWNER), scope);
    scope.defer("lease of the folder", () => lease.#release());
    lease.#schedule();
    return lease;
  }

  #schedule(): void {
    const { scope } = this.#options;
    if (scope.disposed) return;
    const beat = (): void => {
      this.#beating = this.#beat().finally(() => this.#schedule());
    };
    scope.timeout(BEAT_MS, beat, "next beat of the lease");
  }

  /** Never rejects. */
  async #beat(): Promise<void> {
    const { directory, logger, onTaken } = this.#options;
    this.#beats += 1;
    try {
      await this.#write("r+").catch(async (error: unknown) => {
        if (codeOf(error) !== "ENOENT") throw error;
        logger.warn(
          { directory },
          "The lease of the folder is gone: others took this server for dead, and may have finished its recordings, or somebody removed the folder.",
        );
        onTaken?.();
        await this.#create();
      });
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) logger.error({ directory, err: error }, "The lease of the folder cannot be renewed.");
      this.#isFailing = true;
    }
  }

  async #create(): Promise<void> {
    await makeFolder(join(this.#options.directory, LEASE_FOLDER));
    await this.#write("w").catch(async (error: unknown) => {
      // Another server that ended has just removed the folder as the last one in it.
      if (codeOf(error) !== "ENOENT") throw error;
      await makeFolder(join(this.#options.directory, LEASE_FOLDER));
      await this.#write("w");
    });
  }

  /** Always of the same length, so that it is replaced in place, also on a disk that is full. */
  async #write(flag: "w" | "r+"): Promise<void> {
    const text = `${String(this.#beats).padStart(15, "0")} ${this.#reach}\n`;
    await writeFile(leasePath(this.#options.directory, OWNER), text, { flag });
  }

  async #release(): Promise<void> {
    await this.#beating;
    const { directory } = this.#options;
    await removeLease(directory, OWNER).catch(() => {});
    // Fails while other servers have their leases there.
    await rmdir(join(directory, LEASE_FOLDER)).catch(() => {});
  }
}
