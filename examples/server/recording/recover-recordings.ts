import { constants } from "node:fs";
import { access, copyFile, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf } from "../error-code.js";
import { parseTemporaryName, temporaryPath } from "./files/temporary-path.js";
import { completeWav } from "./files/wav-file.js";
import {
  bytesPerFrame,
  decodeWavHeader,
  MAX_WAV_HEADER_BYTES,
  UNKNOWN_SIZE,
  WAV_HEADER_BYTES,
  type WavFormat,
  wavHeaderBytes,
} from "./files/wav-header.js";
import type { Verdict } from "./folder/lease-watch.js";
import { recoverTranscripts } from "./recover-transcripts.js";

export interface RecoveryReport {
  /** Recordings that are whole again. */
  readonly recovered: readonly string[];
  /** Transcripts that have all their lines again. */
  readonly completed: readonly string[];
  /** Leftovers that held nothing, and were deleted. */
  readonly removed: readonly string[];
  /** Leftovers that could not be dealt with, and are still there. */
  readonly failed: readonly { readonly path: string; readonly error: unknown }[];
}

/**
 * Finishes what servers left in the folder that are gone: a recording gets its header and its name, a transcript the lines
 * that are only in the journal, and a half-written one is deleted because its last whole version is beside it. Several
 * servers may do so at once.
 * @param judge says of each server whose files are there whether it is gone; what is not is left alone.
 */
export async function recoverRecordings(directory: string, judge: (owner: string) => Verdict): Promise<RecoveryReport> {
  const recovered: string[] = [];
  const completed: string[] = [];
  const removed: string[] = [];
  const failed: { path: string; error: unknown }[] = [];
  for (const name of await readdir(directory)) {
    const parsed = parseTemporaryName(name);
    if (parsed === undefined) continue;
    const verdict = judge(parsed.owner);
    if (verdict === "unsure") continue;
    const path = join(directory, name);
    try {
      const wanted = join(directory, parsed.base);
      if (parsed.extension === "journal") {
        completed.push(...(await bringIn(path, wanted)));
        continue;
      }
      const recording = parsed.extension === "part" ? await complete(path, wanted, verdict) : undefined;
      if (recording === undefined) {
        await rm(path);
        removed.push(path);
      } else recovered.push(recording);
    } catch (error) {
      // Another server was faster, or the owner is alive after all and has finished it.
      if (codeOf(error) !== "ENOENT") failed.push({ path, error });
    }
  }
  return { recovered, completed, removed, failed };
}

/** @returns the transcripts that were behind. */
async function bringIn(journal: string, wanted: string): Promise<string[]> {
  // From here on an owner that only slept finds it no longer, and writes its transcripts itself.
  const own = temporaryPath(wanted, "journal");
  await rename(journal, own);
  const completed = await recoverTranscripts(own, dirname(own));
  await rm(own);
  return completed;
}

/** @returns the recording's path, or `undefined` when there is nothing in it. */
async function complete(part: string, wanted: string, verdict: Verdict): Promise<string | undefined> {
  const format = await readFormat(part);
  if (format === undefined) return undefined;
  // From here on the file is this server's: nobody else takes it, and an owner that only slept finds it no longer.
  const own = temporaryPath(wanted, "part");
  await rename(part, own);
  const source = verdict === "silent" ? await copyOf(own, wanted) : own;
  const path = await unused(wanted);
  await completeWav(source, path, format, await dataBytesOf(source, format));
  if (source !== own) await rm(own);
  return path;
}

/** `undefined` for a file without a single sample. */
async function readFormat(part: string): Promise<WavFormat | undefined> {
  const file = await open(part, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
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
  return size - wavHeaderBytes(format) < bytesPerFrame(format) ? undefined : format;
}

async function dataBytesOf(path: string, format: WavFormat): Promise<number> {
  const headerBytes = wavHeaderBytes(format);
  const frameBytes = bytesPerFrame(format);
  const available = Math.min((await stat(path)).size - headerBytes, UNKNOWN_SIZE - 2 * headerBytes);
  return Math.floor(available / frameBytes) * frameBytes;
}

/**
 * A server that was stopped in the middle of a write goes on with it when it wakes, whatever the file is called by then.
 * A copy is out of its reach.
 */
async function copyOf(own: string, wanted: string): Promise<string> {
  const copy = temporaryPath(wanted, "tmp");
  try {
    await copyFile(own, copy);
    return copy;
  } catch (error) {
    await rm(copy, { force: true }).catch(() => {});
    throw error;
  }
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
