import { randomId } from "loquilex/resources";

/** Tells this server's files from those of an earlier one that had the same process number, as in a restarted container. */
const INSTANCE = randomId().slice(0, 12);
let made = 0;

/** A name that no other file has and that tells which server owns it: `<path>.<process>-<instance>-<count>.<extension>`. */
export function temporaryPath(path: string, extension: "part" | "tmp"): string {
  made += 1;
  return `${path}.${process.pid}-${INSTANCE}-${made}.${extension}`;
}

/** What a name made by {@link temporaryPath} says. */
export interface TemporaryName {
  /** The name without the ownership. */
  readonly base: string;
  readonly extension: "part" | "tmp";
  /** Whether the server that made it has ended, so that its file may be touched. */
  readonly abandoned: boolean;
}

/**
 * Reads a file's name; `undefined` when {@link temporaryPath} did not make it. A live process counts as the owner even
 * where the number was given to another program meanwhile: the file then waits for a later start, and is never damaged.
 */
export function parseTemporaryName(name: string): TemporaryName | undefined {
  const match = /^(.+)\.(\d{1,10})-([0-9a-f]{12})-\d+\.(part|tmp)$/s.exec(name);
  const [, base, pid, instance, extension] = match ?? [];
  if (base === undefined || (extension !== "part" && extension !== "tmp")) return undefined;
  const owner = Number(pid);
  const abandoned = owner === process.pid ? instance !== INSTANCE : !isAlive(owner);
  return { base, extension, abandoned };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
