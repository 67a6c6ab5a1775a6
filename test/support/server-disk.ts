import { expect } from "vitest";
import type { BackendProcess } from "./backend-process.js";
import type { NodeStream } from "./node-stream.js";
import { accountFor, NOTHING_WRONG, readSamples } from "./stamped-audio.js";

/** Compares the only recording on the server's disk, sample by sample, with what the source produced. */
export async function expectEverythingOnDisk(backend: BackendProcess, { source, drops }: NodeStream): Promise<void> {
  const files = await backend.files(".wav");
  expect(files).toHaveLength(1);
  const recorded = await readSamples(files[0] ?? "");
  expect(accountFor(recorded, 0, source.samplesCaptured)).toEqual(NOTHING_WRONG);
  expect(drops).toEqual([]);
}
