import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "loquilex/resources";
import { WebSocket } from "ws";
import { Belongings } from "./belongings.js";
import type { ScriptablePage } from "./engine-page.js";
import { CHROMIUM_FLAGS } from "./killable-browser.js";
import { LeashedProcess } from "./leashed-process.js";

const OPEN_TIMEOUT_MS = 20_000;
const DISCARDS = "chrome://discards/";

/** As Chromium's DevTools list it. */
interface Target {
  readonly id: string;
  readonly type: string;
  readonly url: string;
  readonly webSocketDebuggerUrl: string;
}

/** What `chrome://discards` is made with, as far as it is used here. */
declare const discardsModule: {
  readonly DetailsProvider: {
    getRemote(): {
      getTabDiscardsInfo(): Promise<{ readonly infos: readonly { readonly id: number; readonly tabUrl: string }[] }>;
      discardById(id: number, reason: number): Promise<unknown>;
    };
  };
};

/** A page in a Chromium that can discard it, as it does by itself when memory is short. Nobody debugs the page meanwhile. */
export class DiscardableChromium implements ScriptablePage, AsyncDisposable {
  readonly #belongings: Belongings;
  readonly #address: string;
  readonly #url: string;

  private constructor(belongings: Belongings, address: string, url: string) {
    this.#belongings = belongings;
    this.#address = address;
    this.#url = new URL(url).href;
  }

  /** @param profile an empty folder. */
  static async launch(executablePath: string, profile: string, url: string): Promise<DiscardableChromium> {
    const belongings = new Belongings();
    return belongings.unlessItFails(async () => {
      // Otherwise there is only a page that says that such pages are not enabled.
      await writeFile(join(profile, "Local State"), JSON.stringify({ internal_only_uis_enabled: true }));
      const env = process.env as Readonly<Record<string, string>>;
      const args = [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, url];
      const chromium = belongings.use(new LeashedProcess({ command: executablePath, args, env }));
      const address = await chromium.written(/DevTools listening on ws:\/\/([^/]+)/);
      return new DiscardableChromium(belongings, `http://${address}`, url);
    });
  }

  evaluate<R, A>(script: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
  evaluate<R>(script: () => R | Promise<R>): Promise<R>;
  async evaluate(script: (argument: unknown) => unknown, argument?: unknown): Promise<unknown> {
    return evaluateIn(await this.#target(this.#url), `(${script})(${JSON.stringify(argument)})`);
  }

  /** Has the browser discard the page, which is behind another one then. */
  async discard(): Promise<void> {
    await fetch(`${this.#address}/json/new?${DISCARDS}`, { method: "PUT" });
    const discard = async (url: string): Promise<void> => {
      const urgent = 1;
      const tabs = discardsModule.DetailsProvider.getRemote();
      const { infos } = await tabs.getTabDiscardsInfo();
      const tab = infos.find(({ tabUrl }) => tabUrl === url);
      if (tab === undefined) throw new Error("The browser does not list the page.");
      await tabs.discardById(tab.id, urgent);
    };
    await evaluateIn(
      await this.#target(DISCARDS),
      `import("${DISCARDS}discards.mojom-webui.js").then((discardsModule) => (${discard})(${JSON.stringify(this.#url)}))`,
    );
  }

  /** Goes back to the page, which the browser loads anew if it had discarded it. */
  async comeBack(): Promise<void> {
    await fetch(`${this.#address}/json/activate/${(await this.#target(this.#url)).id}`);
  }

  async #target(url: string): Promise<Target> {
    const deadline = systemClock.now() + OPEN_TIMEOUT_MS;
    for (;;) {
      const targets = (await (await fetch(`${this.#address}/json/list`)).json()) as readonly Target[];
      const found = targets.find((target) => target.type === "page" && target.url === url);
      if (found !== undefined) return found;
      if (systemClock.now() > deadline) throw new Error(`There is no ${url}.`);
      await new Promise<void>((resolve) => systemClock.schedule(50, resolve));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#belongings[Symbol.asyncDispose]();
  }
}

/** Attaches to a page for no longer than one script takes. */
async function evaluateIn({ webSocketDebuggerUrl }: Target, expression: string): Promise<unknown> {
  const socket = new WebSocket(webSocketDebuggerUrl);
  try {
    await once(socket, "open");
    const params = { expression, awaitPromise: true, returnByValue: true };
    socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params }));
    const signal = AbortSignal.timeout(OPEN_TIMEOUT_MS);
    const [message] = (await once(socket, "message", { signal })) as [Buffer];
    const { result, error } = JSON.parse(String(message)) as {
      readonly result?: {
        readonly result: { readonly value?: unknown };
        readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
      };
      readonly error?: { readonly message: string };
    };
    const failure = error?.message ?? result?.exceptionDetails?.exception?.description;
    if (failure !== undefined) throw new Error(`In the page: ${failure}`);
    return result?.result.value;
  } finally {
    socket.close();
  }
}
