import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { delimiter, join } from "node:path";

/** @param path a list of folders, as in the variable PATH. */
export async function isOnPath(program: string, path: string): Promise<boolean> {
  for (const directory of path.split(delimiter)) {
    if (directory !== "" && (await isAllowed(join(directory, program), constants.X_OK))) return true;
  }
  return false;
}

/** @param mode of `node:fs` constants. */
export const isAllowed = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );
