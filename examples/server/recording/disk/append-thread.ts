/**
 * The thread that appends to all recordings. Each keeps one open handle, but for the longest unused ones if there are very
 * many. Calls that wait for the disk cost a fraction of what the same calls cost in the background, and here nobody waits.
 */
import { closeSync, fstatSync, openSync, writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { codeOf } from "../../error-code.js";
import { STOP } from "../../processes/thread-stop.js";
import {
  type AppendBatch,
  type AppendFailure,
  type AppendStart,
  type AppendStep,
  OPENING_FLAGS,
  unpackAppends,
} from "./append-batch.js";

/** Handles that stay open; the rest of the descriptors are for the clients. */
const MAX_OPEN = 4_096;
/** How long somebody who deletes a recording that goes on may go unnoticed, in milliseconds. */
const NOTICE_MS = 1_000;

interface Handle {
  readonly descriptor: number;
  /** When the file was last found to have a name. */
  seenAt: number;
}

const port = parentPort;
if (port === null) throw new Error("This module runs in a thread that the server starts.");
const { lease, done } = workerData as AppendStart;
let batches = 0;
const paths = new Map<number, string>();
/** The longest unused one first. */
const handles = new Map<number, Handle>();

port.on("message", (batch: AppendBatch | typeof STOP) => {
  if (batch === STOP) {
    for (const file of [...handles.keys()]) letGo(file);
    port.close();
    return;
  }
  const failures: AppendFailure[] = [];
  let index = 0;
  for (const step of unpackAppends(batch)) {
    const error = errorOf(() => take(step));
    if (error !== undefined) failures.push({ step: index, ...error });
    index += 1;
  }
  const error = lease === undefined ? undefined : errorOf(() => expectThere(lease));
  batches += 1;
  if (error === undefined && failures.length === 0) Atomics.store(done, 0, batches);
  // Nothing of the batch counts then: the files may be another server's by now.
  port.postMessage(error === undefined ? failures : Array.from({ length: index }, (_, step) => ({ step, ...error })));
});

function errorOf(work: () => void): Omit<AppendFailure, "step"> | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error), code: codeOf(error) };
  }
}

function take({ type, file, path, position, pieces }: AppendStep): void {
  if (type === "close") {
    letGo(file);
    paths.delete(file);
    return;
  }
  if (path !== undefined) paths.set(file, path);
  const handle = handleOf(file, OPENING_FLAGS[type]);
  for (const piece of pieces) writeAll(handle.descriptor, piece, position);
  if (lease === undefined) expectThere(paths.get(file) ?? "");
  else expectNamed(handle);
}

function handleOf(file: number, flags: string | number): Handle {
  const handle = handles.get(file) ?? {
    descriptor: openWithRoom(paths.get(file) ?? "", flags),
    seenAt: performance.now(),
  };
  handles.delete(file);
  handles.set(file, handle);
  if (handles.size > MAX_OPEN) letOldestGo();
  return handle;
}

/** Others may have taken the last descriptor; a file that nobody has written to for longest can do without its own. */
function openWithRoom(path: string, flags: string | number): number {
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
  if (handle !== undefined) closeSync(handle.descriptor);
}

/** A write may take only some of the bytes, which happens if the disk is about to be full. */
function writeAll(descriptor: number, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.byteLength; ) {
    written += writeSync(descriptor, bytes, written, bytes.byteLength - written, position + written);
  }
}

/**
 * If this process slept for long, another server has taken its files, its lease first, and what was written since may not
 * be in the recordings. The path is opened anew, because a network file system answers that from its server and not from
 * a cache. @throws ENOENT
 */
function expectThere(path: string): void {
  closeSync(openWithRoom(path, "r"));
}

/** A file that somebody has deleted can still be written to. Asking costs as much as a write. @throws ENOENT */
function expectNamed(handle: Handle): void {
  const now = performance.now();
  if (now - handle.seenAt < NOTICE_MS) return;
  if (fstatSync(handle.descriptor).nlink === 0) {
    throw Object.assign(new Error("The file was deleted while it was written to."), { code: "ENOENT" });
  }
  handle.seenAt = now;
}
