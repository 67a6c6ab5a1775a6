import { lstat, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Scope } from "loquilex/resources";
import { codeOf } from "../../error-code.js";
import type { Log } from "../../logging/log.js";
import { parseTemporaryName } from "../files/temporary-path.js";

const LOOK_MS = 60_000;
const MS_PER_DAY = 86_400_000;
/** What is younger may belong to a recording of another server that has just begun. */
const MIN_AGE_MS = 3_600_000;

export interface RetentionOptions {
  readonly directory: string;
  /** Recordings that ended longer ago go; 0 for no limit. */
  readonly keepDays: number;
  /** If all together have more, the oldest go; 0 for no limit. */
  readonly keepBytes: number;
  readonly logger: Log;
  readonly scope: Scope;
  /** The present, in milliseconds since 1970, as the times of files are. @defaultValue the system's */
  readonly now?: (() => number) | undefined;
}

/** All files of one recording. */
interface Kept {
  readonly paths: string[];
  bytes: number;
  /** When one of them was written last. */
  writtenAt: number;
  isUnfinished: boolean;
}

/** A recording's name, and what it may be followed by. */
const NAME = /^(.+-\d{8}T\d{6}Z(?:at\d+)?(?:-\d+)?)(?:\.\d+)?(?:-recovered-\d+)?\.(?:wav|txt|jsonl)$/s;

/**
 * Deletes recordings with their transcripts, the oldest first, by age and by how much all take. It touches only files that
 * are named as recordings are, neither links nor folders, and nothing that is being written.
 */
export class Retention {
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
    if (options.keepDays > 0 || options.keepBytes > 0) void this.#look();
  }

  async #look(): Promise<void> {
    const { logger, scope } = this.#options;
    await this.sweep().catch((error: unknown) => logger.warn({ err: error }, "Old recordings could not be deleted."));
    scope.timeout(LOOK_MS, () => void this.#look(), "look for old recordings");
  }

  /** Deletes what is too old or too much. @returns the names of the files. @throws the file system's error. */
  async sweep(): Promise<string[]> {
    const { directory, keepDays, keepBytes, logger, now = Date.now } = this.#options;
    const all = Array.from((await findAll(directory)).values()).toSorted((a, b) => a.writtenAt - b.writtenAt);
    let total = all.reduce((sum, { bytes }) => sum + bytes, 0);
    const deleted: string[] = [];
    /** One that cannot be deleted keeps no other one. */
    let failure: unknown;
    for (const { paths, bytes, writtenAt, isUnfinished } of all) {
      const ageMs = now() - writtenAt;
      if (isUnfinished || ageMs < MIN_AGE_MS) continue;
      const isTooOld = keepDays > 0 && ageMs > keepDays * MS_PER_DAY;
      if (!isTooOld && (keepBytes === 0 || total <= keepBytes)) continue;
      try {
        for (const path of paths) await removeIfThere(path);
      } catch (error) {
        failure ??= error;
        continue;
      }
      total -= bytes;
      deleted.push(...paths);
    }
    if (failure !== undefined) logger.warn({ err: failure }, "An old recording could not be deleted.");
    if (deleted.length > 0) logger.info({ files: deleted.length, bytesLeft: total }, "Old recordings were deleted.");
    return deleted;
  }
}

/** Another server may delete the same. */
async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
  });
}

async function findAll(directory: string): Promise<Map<string, Kept>> {
  const found = new Map<string, Kept>();
  for (const name of await readdir(directory)) {
    const temporary = parseTemporaryName(name);
    const [, stem] = NAME.exec(temporary?.base ?? name) ?? [];
    if (stem === undefined) continue;
    const stats = await lstat(join(directory, name)).catch(() => undefined);
    if (stats?.isFile() !== true) continue;
    const kept = found.get(stem) ?? { paths: [], bytes: 0, writtenAt: 0, isUnfinished: false };
    found.set(stem, kept);
    // What a sparse file takes counts, not what it says.
    kept.bytes += stats.blocks * 512;
    kept.writtenAt = Math.max(kept.writtenAt, stats.mtimeMs);
    if (temporary === undefined) kept.paths.push(join(directory, name));
    else kept.isUnfinished = true;
  }
  return found;
}
