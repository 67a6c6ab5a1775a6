import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { codeOf } from "../error-code.js";
import { ArchiveRefusal } from "./archive-refusal.js";

/** Neither follows a symbolic link nor waits for a named pipe. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface KeptFile {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/**
 * Opens a file of the folder of recordings for reading. Whoever can write to that folder could otherwise put a link to any
 * file of this machine there. @throws ArchiveRefusal
 */
export async function openKeptFile(path: string): Promise<KeptFile> {
  const handle = await open(path, FLAGS).catch((error: unknown) => {
    const code = codeOf(error);
    if (code === "ELOOP" || code === "EMLINK" || code === "ENXIO") throw notAFile(path);
    if (code === "ENOENT") throw new ArchiveRefusal("unknown_recording", `${basename(path)} was removed meanwhile.`);
    throw error;
  });
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, bytes: stats.size };
  await handle.close();
  throw notAFile(path);
}

export const notAFile = (path: string): ArchiveRefusal =>
  new ArchiveRefusal(
    "not_a_file",
    `${basename(path)} is a symbolic link or no file at all, so this server did not write it; remove it from LX_OUT_DIR.`,
  );
