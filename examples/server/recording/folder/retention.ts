import { lstat, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Clock, Scope } from "loquilex/resources";
import { codeOf } from "../../error-code.js";
import type { Log } from "../../logging/log.js";
import { parseTemporaryName } from "../files/temporary-path.js";

const LOOK_MS = 60_000;
const MS_PER_DAY = 86_400_000;
/** What is younger may belong to a recording of another server that has just begun. */
const MIN_AGE_MS = 3_600_000;

/** How much the date may differ from what has passed since the last look; a machine that slept counts as set. */
const MOST_DRIFT_MS = 600_000;

export interface RetentionOptions {
  readonly directory: string;
  /** Recordings that ended longer ago go; 0 for no limit. */
  readonly keepDays: number;
  /** If all together have more, the oldest go; 0 for no limit. */
  readonly keepBytes: number;
  readonly logger: Log;
  readonly clock: Clock;
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
  /** How far the system's date is from the clock that nobody sets. */
  #dateOffset: number | undefined;
  /** When the date was found to have been set, on that clock. */
  #dateSetAt = Number.NEGATIVE_INFINITY;

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
    if (!this.#isDateSettled()) return [];
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

  /**
   * Whether the date may be believed. One that has leapt, be it because it was wrong or because it is now, makes recordings
   * old in a moment, and what is deleted is gone: it has to last first.
   */
  #isDateSettled(): boolean {
    const { clock, logger, now = Date.now } = this.#options;
    const offset = now() - clock.now();
    const before = this.#dateOffset ?? offset;
    this.#dateOffset = offset;
    if (Math.abs(offset - before) > MOST_DRIFT_MS) {
      this.#dateSetAt = clock.now();
      logger.warn("The system's date was set: for an hour no old recordings are deleted.");
    }
    return clock.now() - this.#dateSetAt >= MIN_AGE_MS;
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
