/**
 * The thread that appends to all recordings. Each keeps one open handle, but for the longest unused ones if there are very
 * many. Calls that wait for the disk cost a fraction of what the same calls cost in the background, and here nobody waits.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { codeOf } from "../../error-code.js";
import { STOP } from "../../processes/thread-stop.js";
import { type AppendBatch, type AppendFailure, type AppendStep, unpackAppends } from "./append-batch.js";

/** Handles that stay open; the rest of the descriptors are for the clients. */
const MAX_OPEN = 4_096;

const port = parentPort;
if (port === null) throw new Error("This module runs in a thread that the server starts.");
const paths = new Map<number, string>();
/** The longest unused one first. */
const handles = new Map<number, number>();

port.on("message", (batch: AppendBatch | typeof STOP) => {
  if (batch === STOP) {
    for (const file of [...handles.keys()]) letGo(file);
    port.close();
    return;
  }
  const failures: AppendFailure[] = [];
  let index = 0;
  for (const step of unpackAppends(batch)) {
    try {
      take(step);
    } catch (error) {
      failures.push({
        step: index,
        message: error instanceof Error ? error.message : String(error),
        code: codeOf(error),
      });
    }
    index += 1;
  }
  port.postMessage(failures);
});

function take({ type, file, path, position, pieces }: AppendStep): void {
  if (type === "close") {
    letGo(file);
    paths.delete(file);
    return;
  }
  if (path !== undefined) paths.set(file, path);
  const handle = handleOf(file, type === "create" ? "wx" : "r+");
  for (const piece of pieces) writeAll(handle, piece, position);
  expectStillThere(file);
}

function handleOf(file: number, flags: string): number {
  const handle = handles.get(file) ?? openWithRoom(paths.get(file) ?? "", flags);
  handles.delete(file);
  handles.set(file, handle);
  if (handles.size > MAX_OPEN) letOldestGo();
  return handle;
}

/** Others may have taken the last descriptor; a file that nobody has written to for longest can do without its own. */
function openWithRoom(path: string, flags: string): number {
  for (;;) {
    try {
      return openSync(path, flags);
    } catch (error) {
      if (codeOf(error) !== "EMFILE" || handles.size === 0) throw error;
      letOldestGo();
    }
  }
}

function letOldestGo(): void {
  const [oldest] = handles.keys();
  if (oldest !== undefined) letGo(oldest);
}

function letGo(file: number): void {
  const handle = handles.get(file);
  handles.delete(file);
  if (handle !== undefined) closeSync(handle);
}

/** A write may take only some of the bytes, which happens if the disk is about to be full. */
function writeAll(handle: number, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.byteLength; ) {
    written += writeSync(handle, bytes, written, bytes.byteLength - written, position + written);
  }
}

/**
 * If this process slept for long, another server has taken the file, and what was written since may not be in the
 * recording. The file is opened anew, because a network file system answers that from its server and not from a cache.
 * @throws ENOENT
 */
function expectStillThere(file: number): void {
  closeSync(openWithRoom(paths.get(file) ?? "", "r"));
}
