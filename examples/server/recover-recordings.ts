import { access, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseTemporaryName } from "./temporary-path.js";
import { completeWav } from "./wav-file.js";
import {
  bytesPerFrame,
  decodeWavHeader,
  MAX_WAV_HEADER_BYTES,
  UNKNOWN_SIZE,
  WAV_HEADER_BYTES,
  wavHeaderBytes,
} from "./wav-header.js";

export interface RecoveryReport {
  /** Recordings that are whole again. */
  readonly recovered: readonly string[];
  /** Leftovers that held nothing, and were deleted. */
  readonly removed: readonly string[];
  /** Leftovers that could not be dealt with, and are still there. */
  readonly failed: readonly { readonly path: string; readonly error: unknown }[];
}

/**
 * Finishes what servers that are dead left in the folder: a recording gets its header and its name, a half-written
 * transcript is deleted because its last whole version is beside it. Files of servers alive on this machine are not
 * touched, so several may share the folder; servers on different machines may not.
 */
export async function recoverRecordings(directory: string): Promise<RecoveryReport> {
  const recovered: string[] = [];
  const removed: string[] = [];
  const failed: { path: string; error: unknown }[] = [];
  for (const name of await readdir(directory)) {
    const parsed = parseTemporaryName(name);
    if (parsed === undefined || !parsed.abandoned) continue;
    const path = join(directory, name);
    try {
      const completed = parsed.extension === "part" ? await complete(path, join(directory, parsed.base)) : undefined;
      if (completed === undefined) {
        await rm(path);
        removed.push(path);
      } else recovered.push(completed);
    } catch (error) {
      failed.push({ path, error });
    }
  }
  return { recovered, removed, failed };
}

/** @returns the recording's path, or `undefined` when there is nothing in it. */
async function complete(part: string, wanted: string): Promise<string | undefined> {
  const file = await open(part, "r");
  const header = new Uint8Array(MAX_WAV_HEADER_BYTES);
  let size: number;
  try {
    size = (await file.stat()).size;
    await file.read(header, 0, header.byteLength, 0);
  } finally {
    await file.close();
  }
  if (size <= WAV_HEADER_BYTES) return undefined;
  const format = decodeWavHeader(header);
  if (format === undefined) throw new Error(`${part} does not begin as a recording of this server does.`);
  const frameBytes = bytesPerFrame(format);
  const headerBytes = wavHeaderBytes(format);
  const available = Math.min(size - headerBytes, UNKNOWN_SIZE - 2 * headerBytes);
  const dataBytes = Math.floor(available / frameBytes) * frameBytes;
  if (dataBytes <= 0) return undefined;
  const path = await unused(wanted);
  await completeWav(part, path, format, dataBytes);
  return path;
}

/** The path itself, or with a number in its name when something is there. */
async function unused(path: string): Promise<string> {
  const stem = path.replace(/\.wav$/, "");
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? path : `${stem}-recovered-${count}.wav`;
    if (!(await exists(candidate))) return candidate;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
