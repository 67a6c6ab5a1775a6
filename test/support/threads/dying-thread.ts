/**
 * A thread that dies in the middle of the second batch it gets, with half of its writes done and half of one more. One that
 * begins with an exclamation mark is the death of every thread. Others like it do so, too.
 */
import fs from "node:fs";
import { parentPort } from "node:worker_threads";
import type { AppendBatch } from "../../../examples/server/recording/disk/append-batch.js";

const { writeSync } = fs;
let batches = 0;
let writesLeft = Number.POSITIVE_INFINITY;

parentPort?.on("message", ({ rows, bytes }: AppendBatch) => {
  batches += 1;
  const steps = (rows?.length ?? 0) / 4;
  if (batches > 1 || bytes?.[0] === "!".charCodeAt(0)) writesLeft = Math.floor(steps / 2);
});
Object.assign(fs, {
  writeSync(file: number, data: Uint8Array, offset: number, length: number, position: number): number {
    writesLeft -= 1;
    if (writesLeft >= 0) return writeSync(file, data, offset, length, position);
    writeSync(file, data, offset, Math.floor(length / 2), position);
    process.exit(9);
  },
});
// After this listener comes that of the thread that writes.
void import("../../../examples/server/recording/disk/append-thread.js");
