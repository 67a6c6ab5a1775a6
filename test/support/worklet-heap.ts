import type { HeapProfiler } from "node:inspector";
import type { CDPSession, Page } from "playwright-core";
import { type Allocation, allocationOf, SAMPLING } from "./sample-heap.js";

/** The heap of a page's audio thread, which the browser's debugging protocol gives as a target of its own. */
export class WorkletHeap {
  readonly #session: CDPSession;
  readonly #worklet: Promise<string>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  private constructor(session: CDPSession) {
    this.#session = session;
    this.#worklet = new Promise((resolve) => {
      session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
        if (targetInfo.type === "worklet") resolve(sessionId);
      });
    });
    session.on("Target.receivedMessageFromTarget", ({ message }) => {
      const answer = JSON.parse(message) as Answer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** Before the page makes its worklet. */
  static async watch(page: Page): Promise<WorkletHeap> {
    const session = await page.context().newCDPSession(page);
    const heap = new WorkletHeap(session);
    const filter = [{ type: "worklet" }];
    await session.send("Target.setAutoAttach", {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: false,
      filter,
    });
    return heap;
  }

  /** What all code on the audio thread allocates while `act` is under way, what the browser itself makes not counted. */
  async sample(act: () => Promise<unknown>): Promise<Allocation> {
    await this.#send("HeapProfiler.enable");
    await this.#send("HeapProfiler.startSampling", SAMPLING);
    await act();
    const { profile } = await this.#send("HeapProfiler.stopSampling");
    if (profile === undefined) throw new Error("The audio thread gave no profile.");
    return allocationOf(profile.head, "blob:");
  }

  async #send(method: string, params: object = {}): Promise<NonNullable<Answer["result"]>> {
    const sessionId = await this.#worklet;
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    await this.#session.send("Target.sendMessageToTarget", {
      sessionId,
      message: JSON.stringify({ id, method, params }),
    });
    const { result, error } = await answered;
    if (result === undefined) throw new Error(`The audio thread refused ${method}: ${error?.message}`);
    return result;
  }
}

interface Answer {
  readonly id: number;
  readonly result?: { readonly profile?: HeapProfiler.SamplingHeapProfile };
  readonly error?: { readonly message: string };
}
