import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { systemClock } from "loquilex/resources";
import type { ScriptablePage } from "./engine-page.js";

/** How long a page may take to be there, and to do what it was told, in milliseconds. */
const SCRIPT_TIMEOUT_MS = 60_000;

/** To be in pages that a {@link ToldPage} is to reach, which have its address as `?told=`. */
export const TOLD_SCRIPT = `<script>
(async () => {
  const told = new URLSearchParams(location.search).get("told");
  while (told !== null) {
    const answer = await fetch(told, { cache: "no-store" }).catch(() => undefined);
    if (answer === undefined) return;
    const { id, script, argument } = await answer.json();
    const done = await (async () => ({ value: await (0, eval)("(" + script + ")")(argument) }))().catch(
      (error) => ({ error: String(error) + " " + error.stack }),
    );
    await fetch(told, { method: "POST", body: JSON.stringify({ id, ...done }) });
  }
})();
</script>`;

interface Told {
  readonly id: number;
  readonly script: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/**
 * Whichever page asks for something to do, as one of a browser that runs without its driver: a driver gives its pages no storage that
 * outlives it.
 */
export class ToldPage implements ScriptablePage, AsyncDisposable {
  readonly #server: Server;
  /** Pages that have nothing to do. */
  readonly #idle = new Set<ServerResponse>();
  readonly #open = new Map<number, (answer: Answer) => void>();
  #next: Told | undefined;
  #id = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => this.#receive(request, response));
  }

  static async listen(): Promise<ToldPage> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new ToldPage(server);
  }

  /** The page's address with that of this server in it. */
  addressOf(url: string): string {
    const address = new URL(url);
    address.searchParams.set("told", `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`);
    return address.href;
  }

  evaluate<R, A>(script: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
  evaluate<R>(script: () => R | Promise<R>): Promise<R>;
  async evaluate(script: (argument: unknown) => unknown, argument?: unknown): Promise<unknown> {
    this.#id += 1;
    const id = this.#id;
    const { value, error } = await new Promise<Answer>((resolve) => {
      const late = systemClock.schedule(SCRIPT_TIMEOUT_MS, () =>
        resolve({ id, error: `No page has done it in time: ${script}` }),
      );
      this.#open.set(id, (answer) => {
        late();
        resolve(answer);
      });
      this.#next = { id, script: String(script), argument };
      this.#give();
    });
    this.#open.delete(id);
    if (error !== undefined) throw new Error(`In the page: ${error}`);
    return value;
  }

  /** Those that have asked are gone: nothing is given to them, also if their connections are not known to be closed. */
  forget(): void {
    for (const page of this.#idle) page.destroy();
    this.#idle.clear();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader("Access-Control-Allow-Origin", "*");
    if (request.method !== "POST") {
      this.#idle.add(response);
      // Its page is gone, or was killed.
      response.once("close", () => this.#idle.delete(response));
      this.#give();
      return;
    }
    void json(request).then((answer) => {
      const { id } = answer as Answer;
      this.#open.get(id)?.(answer as Answer);
      response.end();
    });
  }

  #give(): void {
    const [page] = this.#idle;
    if (page === undefined || this.#next === undefined) return;
    this.#idle.delete(page);
    page.setHeader("Content-Type", "application/json").end(JSON.stringify(this.#next));
    this.#next = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}
