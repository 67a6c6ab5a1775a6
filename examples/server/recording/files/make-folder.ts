import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "../../error-code.js";

/**
 * Makes a folder, and those above it, unless it is there. Node's own `recursive` tries for ever where the system says that
 * something is not there although the folder above it is, as in `/proc` and on some network drives.
 * @throws the file system's error.
 */
export async function makeFolder(path: string): Promise<void> {
  const error = await makeOne(path);
  if (error === undefined) return;
  const parent = dirname(path);
  if (codeOf(error) !== "ENOENT" || parent === path) throw error;
  await makeFolder(parent);
  const again = await makeOne(path);
  if (again !== undefined) throw again;
}

/** @returns why there is no folder at this path now, if there is none. */
async function makeOne(path: string): Promise<unknown> {
  try {
    await mkdir(path);
    return undefined;
  } catch (error) {
    const isFolder = await stat(path).then(
      (entry) => entry.isDirectory(),
      () => false,
    );
    return isFolder ? undefined : error;
  }
}
