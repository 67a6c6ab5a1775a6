import { expect } from "vitest";
import type { BackendProcess } from "./backend-process.js";
import type { NodeStream } from "./node-stream.js";
import { accountFor, NOTHING_WRONG, readSamples } from "./stamped-audio.js";

/** Paths of the recordings of one stream, oldest first. */
export async function recordingsOf(backend: BackendProcess, { stream }: NodeStream): Promise<string[]> {
  const files = await backend.files(".wav");
  return files.filter((path) => path.includes(stream.sessionId)).toSorted();
}

/** Compares a stream's only recording on the server's disk, sample by sample, with what its source produced. */
export async function expectEverythingOnDisk(backend: BackendProcess, stream: NodeStream): Promise<void> {
  const files = await recordingsOf(backend, stream);
  expect(files).toHaveLength(1);
  const recorded = await readSamples(files[0] ?? "");
  expect(accountFor(recorded, 0, stream.source.samplesCaptured)).toEqual(NOTHING_WRONG);
  expect(stream.drops).toEqual([]);
}
