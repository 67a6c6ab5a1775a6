/** A session of the debugging protocol with a page; Playwright's and Puppeteer's both are one. */
export interface PageSession {
  send(method: "Target.setAutoAttach", params: AutoAttach): Promise<unknown>;
  send(method: "Target.sendMessageToTarget", params: { sessionId: string; message: string }): Promise<unknown>;
  on(event: "Target.attachedToTarget" | "Target.receivedMessageFromTarget", listener: (data: unknown) => void): unknown;
}

interface AutoAttach {
  autoAttach: boolean;
  waitForDebuggerOnStart: boolean;
  flatten: boolean;
  filter: { type: string }[];
}

/** A thread of a page that the browser's debugging protocol gives as a target of its own: its audio thread, or a worker. */
export class PageTarget {
  /** Whether the page has made it. */
  attached = false;
  readonly #session: PageSession;
  readonly #sessionId: Promise<string>;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly #listeners = new Map<string, (params: unknown) => void>();
  #lastId = 0;

  private constructor(session: PageSession, type: TargetType) {
    this.#session = session;
    this.#sessionId = new Promise((resolve) => {
      session.on("Target.attachedToTarget", (data) => {
        const { sessionId, targetInfo } = data as { sessionId: string; targetInfo: { type: string } };
        if (targetInfo.type !== type) return;
        this.attached = true;
        resolve(sessionId);
      });
    });
    session.on("Target.receivedMessageFromTarget", (data) => {
      const said = JSON.parse((data as { message: string }).message) as Answer | Notice;
      if ("method" in said) {
        this.#listeners.get(said.method)?.(said.params);
        return;
      }
      this.#waiting.get(said.id)?.(said);
      this.#waiting.delete(said.id);
    });
  }

  /**
   * Watches for the first of its type; call it before the page makes that.
   * @param session that nobody else uses.
   */
  static async watch(session: PageSession, type: TargetType): Promise<PageTarget> {
    const target = new PageTarget(session, type);
    await session.send("Target.setAutoAttach", {
      autoAttach: true,
      waitForDebuggerOnStart: false,
      flatten: false,
      filter: [{ type }],
    });
    return target;
  }

  /** Listens to a notice of the target. A later listener takes the place of an earlier one. */
  on(method: string, listener: (params: unknown) => void): void {
    this.#listeners.set(method, listener);
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

/** What a target says by itself. */
interface Notice {
  readonly method: string;
  readonly params: unknown;
}

interface Answer {
  readonly id: number;
  readonly result?: object;
  readonly error?: { readonly message: string };
}
