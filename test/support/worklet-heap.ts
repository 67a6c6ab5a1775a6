import type { HeapProfiler } from "node:inspector";
import type { Page } from "playwright-core";
import { PageTarget } from "./page-target.js";
import { type Allocation, allocationOf, SAMPLING } from "./sample-heap.js";

/** The heap of a page's audio thread. */
export class WorkletHeap {
  readonly #worklet: PageTarget;

  private constructor(worklet: PageTarget) {
    this.#worklet = worklet;
  }

  /** Before the page makes its worklet. */
  static async watch(page: Page): Promise<WorkletHeap> {
    return new WorkletHeap(await PageTarget.watch(await page.context().newCDPSession(page), "worklet"));
  }

  /** What all code on the audio thread allocates while `act` is under way, what the browser itself makes not counted. */
  async sample(act: () => Promise<unknown>): Promise<Allocation> {
    await this.#worklet.send("HeapProfiler.enable");
    await this.#worklet.send("HeapProfiler.startSampling", SAMPLING);
    await act();
    const { profile } = await this.#worklet.send<{ profile: HeapProfiler.SamplingHeapProfile }>(
      "HeapProfiler.stopSampling",
    );
    return allocationOf(profile.head, "blob:");
  }
}
