import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { StorageError } from "./storage-error.js";

/**
 * Finds the name of a new recording, `<session>-<start>`, and takes it by creating its empty transcript, so that no
 * other stream, under the same id or another, ever writes over it.
 * @param sessionId comes from the network: unless it is a plain word, its hash stands for it.
 * @returns the path without an extension.
 * @throws StorageError when nothing can be created there.
 */
export async function reserveRecordingName(directory: string, sessionId: string, startedAt: Date): Promise<string> {
  const start = startedAt.toISOString().replace(/[-:]|\.\d+/g, "");
  const first = join(directory, `${plainWord(sessionId)}-${start}`);
  for (let count = 1; ; count += 1) {
    const stem = count === 1 ? first : `${first}-${count}`;
    try {
      await (await open(`${stem}.txt`, "wx")).close();
      return stem;
    } catch (error) {
      const taken = error instanceof Error && "code" in error && error.code === "EEXIST";
      if (!taken) throw new StorageError("The transcript", `${stem}.txt`, error);
    }
  }
}

function plainWord(sessionId: string): string {
  if (/^\w[\w-]{0,63}$/.test(sessionId)) return sessionId;
  return createHash("sha256").update(sessionId).digest("hex").slice(0, 32);
}
