import type { CDPSession } from "puppeteer-core";
import { PageTarget } from "../support/page-target.js";
import type { MeasuredPage } from "./measured-page.js";

export const HEAP_PARTS = ["page", "worker", "audio"] as const;
/** A thread with a heap of JavaScript. */
export type HeapPart = (typeof HEAP_PARTS)[number];

/** The heaps of a page and of its threads. */
export class Heaps {
  readonly #page: CDPSession;
  readonly #worker: PageTarget;
  readonly #worklet: PageTarget;

  private constructor(page: CDPSession, worker: PageTarget, worklet: PageTarget) {
    this.#page = page;
    this.#worker = worker;
    this.#worklet = worklet;
  }

  /** Before the page makes its threads. */
  static async watch(page: MeasuredPage): Promise<Heaps> {
    const worker = await PageTarget.watch(await page.newDevtools(), "worker");
    const worklet = await PageTarget.watch(await page.newDevtools(), "worklet");
    return new Heaps(await page.newDevtools(), worker, worklet);
  }

  /** Bytes in use in each that is there. */
  async used({ collected }: { readonly collected: boolean }): Promise<Partial<Record<HeapPart, number>>> {
    const used: Partial<Record<HeapPart, number>> = {};
    if (collected) await this.#page.send("HeapProfiler.collectGarbage");
    used.page = (await this.#page.send("Runtime.getHeapUsage")).usedSize;
    for (const [part, target] of [
      ["worker", this.#worker],
      ["audio", this.#worklet],
    ] as const) {
      if (!target.attached) continue;
      if (collected) await target.send("HeapProfiler.collectGarbage");
      used[part] = (await target.send<{ usedSize: number }>("Runtime.getHeapUsage")).usedSize;
    }
    return used;
  }
}
