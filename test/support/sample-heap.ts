import { type HeapProfiler, Session } from "node:inspector/promises";

/** Garbage included; the mean number of bytes between two samples is small, because what is looked for is small. */
export const SAMPLING = {
  samplingInterval: 64,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
} as const;

/** What code allocated on the heap, garbage included. */
export interface Allocation {
  readonly bytes: number;
  /** By function, the largest first, in a form to read. */
  readonly places: readonly string[];
}

/** Heap bytes that functions in files whose address has `inUrl` in it allocated during `act`, with all they called. */
export async function sampleHeap(inUrl: string, act: () => void): Promise<Allocation> {
  const session = new Session();
  session.connect();
  try {
    await session.post("HeapProfiler.enable");
    await session.post("HeapProfiler.startSampling", SAMPLING);
    act();
    const { profile } = await session.post("HeapProfiler.stopSampling");
    return allocationOf(profile.head, inUrl);
  } finally {
    session.disconnect();
  }
}

/** Of a profile, what functions in files whose address has `inUrl` in it allocated. */
export function allocationOf(head: HeapProfiler.SamplingHeapProfileNode, inUrl: string): Allocation {
  const byPlace = new Map<string, number>();
  const visit = (node: HeapProfiler.SamplingHeapProfileNode, caller: string | undefined): void => {
    const { url, functionName, lineNumber } = node.callFrame;
    const place = url.includes(inUrl) ? `${functionName} ${url.split("/").at(-1)}:${lineNumber + 1}` : caller;
    if (place !== undefined) byPlace.set(place, (byPlace.get(place) ?? 0) + node.selfSize);
    for (const child of node.children) visit(child, place);
  };
  visit(head, undefined);
  const places = [...byPlace].filter(([, bytes]) => bytes > 0).sort(([, a], [, b]) => b - a);
  return {
    bytes: places.reduce((sum, [, bytes]) => sum + bytes, 0),
    places: places.map(([place, bytes]) => `${bytes} bytes in ${place}`),
  };
}
