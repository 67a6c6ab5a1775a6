import { expect } from "vitest";
import { plainWord } from "../../examples/server/recording/recording-name.js";
import type { BackendProcess } from "./backend-process.js";
import { accountFor, NOTHING_WRONG, readSamples, stampedSample } from "./stamped-audio.js";

/** What recordings are compared with, such as a `NodeStream`. */
export interface SpokenStream {
  readonly stream: { readonly sessionId: string };
  readonly source: { readonly samplesCaptured: number };
  readonly drops: readonly unknown[];
}

/** Paths of the recordings of one stream, oldest first. */
export async function recordingsOf(
  backend: BackendProcess,
  { stream }: Pick<SpokenStream, "stream">,
): Promise<string[]> {
  const files = await backend.files(".wav");
  return files.filter((path) => path.includes(plainWord(stream.sessionId))).toSorted();
}

/** Puts the recordings of all lives of the server together and checks that the source is in them, sample by sample. */
export async function expectEverythingInAllLives(
  backend: BackendProcess,
  stream: Pick<SpokenStream, "stream" | "source">,
  starts: readonly number[],
): Promise<void> {
  const captured = stream.source.samplesCaptured;
  const together = new Int16Array(captured);
  const recordings = await Promise.all((await recordingsOf(backend, stream)).map(readSamples));
  expect(recordings).toHaveLength(starts.length);
  for (const recorded of recordings) {
    // Which life it is of is told by its samples; where that life began was said by the stream.
    const start = starts.find((position) => isSourceFrom(recorded, position));
    expect(start, "a recording is not an unbroken stretch of the source").toBeDefined();
    together.set(recorded, start);
  }
  expect(isSourceFrom(together, 0), "something is missing").toBe(true);
}

/** Ends at the first difference, unlike an account of everything. */
const isSourceFrom = (recorded: Int16Array, position: number): boolean =>
  recorded.every((sample, index) => sample === stampedSample(position + index));

/** Compares a stream's only recording on the server's disk, sample by sample, with what its source produced. */
export async function expectEverythingOnDisk(backend: BackendProcess, stream: SpokenStream): Promise<void> {
  const files = await recordingsOf(backend, stream);
  expect(files).toHaveLength(1);
  const recorded = await readSamples(files[0] ?? "");
  expect(accountFor(recorded, 0, stream.source.samplesCaptured)).toEqual(NOTHING_WRONG);
  expect(stream.drops).toEqual([]);
}
