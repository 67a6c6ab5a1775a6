import { dirname } from "node:path";

const REASONS: Readonly<Record<string, (path: string) => string>> = {
  ENOSPC: (path) => `the disk is full; free some space under ${dirname(path)}`,
  EDQUOT: (path) => `the quota is used up; free some space under ${dirname(path)}`,
  EFBIG: () => "the file has reached the largest size allowed here",
  EROFS: () => "the file system is read-only",
  EACCES: (path) => `permission is denied; let this user write to ${dirname(path)}`,
  EPERM: (path) => `permission is denied; let this user write to ${dirname(path)}`,
  ENOENT: () => "it, or its folder, was removed meanwhile",
  ELOOP: (path) => `there is a symbolic link in its place, which this server did not put into ${dirname(path)}`,
  ENOTDIR: (path) => `something else is in the place of ${dirname(path)}`,
  EIO: () => "the disk failed; the system's log may say more",
  ENFILE: () => "the system has too many files open",
  EMFILE: () => "this process has too many files open; raise its limit (ulimit -n)",
};

/** What may be over in a moment, and what an operator can mend while the server runs. */
const TEMPORARY: ReadonlySet<string | undefined> = new Set([
  ...["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "ENOTDIR", "EIO", "EMFILE", "ENFILE"],
]);

/** A file could not be kept. The message says which, why and what to do; `cause` is the system's error. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  /** The system's error code, such as `"ENOSPC"`; `undefined` when it gave none. */
  readonly code: string | undefined;

  /** @param what names the file for people, as in "The recording". */
  constructor(what: string, path: string, cause: unknown) {
    const code = cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
    const known = code === undefined ? undefined : REASONS[code];
    const reason = known?.(path) ?? (cause instanceof Error ? cause.message : String(cause));
    super(`${what} ${path} could not be written: ${reason}.`, { cause });
    this.code = code;
  }

  /** Whether the same may work later. */
  get isTemporary(): boolean {
    return TEMPORARY.has(this.code);
  }
}
