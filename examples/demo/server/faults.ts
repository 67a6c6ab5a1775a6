import { randomId, type Scope } from "loquilex/resources";
import { type PageElements, write } from "../page/page-elements.js";

const DURATION_MS = 10_000;

/** Lets people break their own connection, if the server offers that. */
export class Faults {
  readonly #page: PageElements;
  readonly #life: Scope;
  readonly #buttons: readonly HTMLButtonElement[];
  /** Names this page's connections to the server. */
  readonly #line = randomId();
  #isOffered = false;
  #isRunning = false;
  #remaining = 0;

  constructor(page: PageElements, life: Scope) {
    this.#page = page;
    this.#life = life;
    this.#buttons = [...page.faults.querySelectorAll("button")];
    for (const button of this.#buttons) life.listen(button, "click", () => void this.#ask(button.value));
  }

  /** The address under which the server knows whose connection it is. */
  address(server: URL): URL {
    if (!this.#isOffered) return server;
    const address = new URL(server);
    address.searchParams.set("line", this.#line);
    return address;
  }

  offer(isOffered: boolean): void {
    this.#isOffered = isOffered;
    this.#show();
  }

  /** There is a connection to break, or there is none any more. */
  run(isRunning: boolean): void {
    this.#isRunning = isRunning;
    if (!isRunning) this.#remaining = 0;
    this.#show();
  }

  async #ask(fault: string): Promise<void> {
    if (!this.#canBreak) return;
    const body = JSON.stringify({ line: this.#line, fault, durationMs: DURATION_MS });
    const headers = { "content-type": "application/json" };
    const token = this.#page.token.value;
    try {
      const { ok } = await fetch(new URL("/api/faults", location.href), {
        ...{ method: "POST", body, signal: this.#life.signal },
        headers: token === "" ? headers : { ...headers, authorization: `Bearer ${token}` },
      });
      if (!ok) throw new Error("refused");
      this.#remaining = DURATION_MS / 1_000;
      this.#count();
    } catch {
      if (!this.#life.disposed)
        write(this.#page.faultHelp, "The server did not break the connection; its log says why.");
    }
  }

  #count(): void {
    this.#show();
    if (this.#remaining === 0) return;
    this.#life.timeout(1_000, () => {
      this.#remaining = Math.max(0, this.#remaining - 1);
      this.#count();
    });
  }

  get #canBreak(): boolean {
    return this.#isOffered && this.#isRunning && this.#remaining === 0;
  }

  #show(): void {
    // A button that is disabled for good would drop the focus of whoever has just pressed it, and hide why.
    for (const button of this.#buttons) button.setAttribute("aria-disabled", String(!this.#canBreak));
    write(this.#page.faultHelp, this.#sentence());
    write(this.#page.faultLeft, this.#remaining === 0 ? "" : `${this.#remaining} s left`);
  }

  #sentence(): string {
    if (!this.#isOffered) return "Start the server with “npm run demo” to break the connection from here.";
    if (this.#remaining > 0) return "The connection is broken for 10 seconds. Go on speaking.";
    if (this.#isRunning) return "Go on speaking meanwhile, and see what is kept and what comes late.";
    return "Press Start first. Then break the connection while you speak.";
  }
}
