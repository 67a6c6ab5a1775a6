import { type PageSession, PageTarget } from "../support/page-target.js";
import { objectBytes, type SnapshotSession } from "./heap-snapshot.js";

export const HEAP_PARTS = ["page", "worker", "audio"] as const;
/** A thread with a heap of JavaScript. */
export type HeapPart = (typeof HEAP_PARTS)[number];

interface HeapSession extends SnapshotSession {
  send: SnapshotSession["send"] & {
    (method: "HeapProfiler.collectGarbage"): Promise<unknown>;
    (method: "Runtime.getHeapUsage"): Promise<unknown>;
  };
}

/** Whatever can make sessions of the debugging protocol with a page; those of Playwright and of Puppeteer both do. */
interface DebuggedPage {
  newDevtools(): Promise<HeapSession & PageSession>;
}

/** The heaps of a page and of its threads. */
export class Heaps {
  readonly #page: HeapSession;
  readonly #threads: Readonly<Record<Exclude<HeapPart, "page">, PageTarget>>;

  private constructor(page: HeapSession, worker: PageTarget, audio: PageTarget) {
    this.#page = page;
    this.#threads = { worker, audio };
  }

  /** Before the page makes its threads. */
  static async watch(page: DebuggedPage): Promise<Heaps> {
    const worker = await PageTarget.watch(await page.newDevtools(), "worker");
    const worklet = await PageTarget.watch(await page.newDevtools(), "worklet");
    return new Heaps(await page.newDevtools(), worker, worklet);
  }

  /** Bytes in use in each that is there. */
  used({ collected }: { readonly collected: boolean }): Promise<Partial<Record<HeapPart, number>>> {
    return this.#read(HEAP_PARTS, async (session) => {
      if (collected) await session.send("HeapProfiler.collectGarbage");
      return ((await session.send("Runtime.getHeapUsage")) as { usedSize: number }).usedSize;
    });
  }

  /**
   * Bytes of what scripts have made on the page and in the worker. Compiled code is left out, which the engine makes and
   * drops, and the audio thread, which must not be stopped for so long.
   */
  objects(): Promise<Partial<Record<HeapPart, number>>> {
    return this.#read(["page", "worker"], objectBytes);
  }

  async #read(
    parts: readonly HeapPart[],
    bytesOf: (session: HeapSession) => Promise<number>,
  ): Promise<Partial<Record<HeapPart, number>>> {
    // All at a time: a page that is not stopped itself takes a worker that is stopped for seconds for dead.
    const read = parts.map(async (part) => {
      const session = part === "page" ? this.#page : this.#threads[part];
      if (session instanceof PageTarget && !session.attached) return [];
      return [[part, await bytesOf(session)] as const];
    });
    return Object.fromEntries((await Promise.all(read)).flat());
  }
}
