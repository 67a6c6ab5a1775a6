import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "../error-code.js";
import { makeFolder } from "./files/make-folder.js";
import { StorageError } from "./files/storage-error.js";

/**
 * Finds the name of a new recording, `<session>-<start>`, and takes it by creating its empty transcript, so that no
 * other stream, under the same id or another, ever writes over it. A recording that goes on after another node's is called
 * `<session>-<start>at<position>`.
 * @param sessionId comes from the network: unless it is a short plain word, its hash stands for it.
 * @param continuedAt position of the first sample, if another node has recorded what is before it.
 * @returns the path without an extension.
 * @throws StorageError when nothing can be created there.
 */
export async function reserveRecordingName(
  directory: string,
  sessionId: string,
  startedAt: Date,
  continuedAt?: number,
): Promise<string> {
  const time = startedAt.toISOString().replace(/[-:]|\.\d+/g, "");
  const start = continuedAt === undefined ? time : `${time}at${continuedAt}`;
  const first = join(directory, `${plainWord(sessionId)}-${start}`);
  let madeFolder = false;
  for (let count = 1; ; count += 1) {
    const stem = count === 1 ? first : `${first}-${count}`;
    try {
      await (await open(`${stem}.txt`, "wx")).close();
      return stem;
    } catch (error) {
      if (codeOf(error) === "EEXIST") continue;
      // Somebody has removed the folder while the server runs: it is made again, once.
      if (codeOf(error) !== "ENOENT" || madeFolder) throw new StorageError("The transcript", `${stem}.txt`, error);
      await makeFolder(directory).catch(() => {});
      madeFolder = true;
      count -= 1;
    }
  }
}

/**
 * What stands for a session in the names of its files. Whoever may list a folder is not to learn an id that cannot be guessed:
 * of a long one they see as much as in the log.
 */
export function plainWord(sessionId: string): string {
  if (/^\w[\w-]{0,15}$/.test(sessionId)) return sessionId;
  const hash = createHash("sha256").update(sessionId).digest("hex").slice(0, 32);
  return /^\w[\w-]*$/.test(sessionId) ? `${sessionId.slice(0, 8)}-${hash}` : hash;
}
