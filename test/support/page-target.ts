import type { CDPSession, Page } from "playwright-core";

/** A thread of a page that the browser's debugging protocol gives as a target of its own: its audio thread, or a worker. */
export class PageTarget {
  /** Whether the page has made it. */
  attached = false;
  readonly #session: CDPSession;
  readonly #sessionId: Promise<string>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  private constructor(session: CDPSession, type: TargetType) {
    this.#session = session;
    this.#sessionId = new Promise((resolve) => {
      session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => {
        if (targetInfo.type !== type) return;
        this.attached = true;
        resolve(sessionId);
      });
    });
    session.on("Target.receivedMessageFromTarget", ({ message }) => {
      const answer = JSON.parse(message) as Answer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** Watches for the first of its type; call it before the page makes that. */
  static async watch(page: Page, type: TargetType): Promise<PageTarget> {
    const session = await page.context().newCDPSession(page);
    const target = new PageTarget(session, type);
    await session.send("Target.setAutoAttach", {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: false,
      filter: [{ type }],
    });
    return target;
  }

  /** Waits for the target if it is not there yet. @throws Error with what the target refused. */
  async send<Result>(method: string, params: object = {}): Promise<Result> {
    const sessionId = await this.#sessionId;
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve));
    await this.#session.send("Target.sendMessageToTarget", {
      sessionId,
      message: JSON.stringify({ id, method, params }),
    });
    const { result, error } = await answered;
    if (result === undefined) throw new Error(`The thread refused ${method}: ${error?.message}`);
    return result as Result;
  }
}

export type TargetType = "worklet" | "worker";

interface Answer {
  readonly id: number;
  readonly result?: object;
  readonly error?: { readonly message: string };
}
