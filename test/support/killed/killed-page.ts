import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { LeftStream, RecoveredAudio } from "loquilex/journal";
import { html, TestSite } from "../../browser/test-site.js";
import { BackendProcess } from "../backend-process.js";
import type { ScriptablePage } from "../engines/engine-page.js";
import type { FoundEngine } from "../engines/engines.js";
import { type KillableBrowser, launchKillable } from "../engines/killable-browser.js";
import { TOLD_SCRIPT } from "../engines/told-page.js";
import { TcpProxy } from "../tcp-proxy.js";
import { temporaryFolder } from "../temporary-folder.js";
import { readWav } from "../wav.js";
import { differences, numberedSample, numberedWord } from "./numbered-speech.js";

declare global {
  /** The entry `loquilex/journal`, in a page that loads `/journal.js`. */
  var journal: typeof import("loquilex/journal");
  var voiceGate: typeof import("loquilex/gate").voiceGate;
  var left: LeftStream[];
  var pageWarnings: string[];
}

export const RATE = 16_000;

/** How a page ends while it speaks to a server that is away. */
export interface Death {
  readonly how: "tab" | "browser" | "reload";
  /** How long it speaks with a connection, in milliseconds. */
  readonly connectedMs: number;
  /** How long it speaks without, in milliseconds. */
  readonly awayMs: number;
  /** Whether it speaks in words, and a gate leaves the pauses out. */
  readonly isGated?: boolean;
  /** Lines of a new profile's `user.js`, which Firefox obeys. */
  readonly preferences?: string;
}

/** What a death came to. */
export interface Aftermath {
  readonly recovered: RecoveredAudio;
  readonly listedMs: number;
  /** Where the page had captured when it was last asked before its death, in samples. */
  readonly capturedTo: number;
  /** What a gate had left out by then, in milliseconds. */
  readonly withheldMs: number;
  /** Where the server's recordings are not what was spoken, up to where all is known. */
  readonly wrong: readonly { readonly from: number; readonly to: number }[];
  /** Samples on the server, in all recordings. */
  readonly recordings: number;
  /** Journals that are left afterwards. */
  readonly leftAfterwards: number;
  readonly warnings: readonly string[];
}

/** A site, a server behind a proxy, and a profile, for one page after the other. */
export class KilledPages implements AsyncDisposable {
  readonly #engine: FoundEngine;
  readonly #site: TestSite;

  private constructor(engine: FoundEngine, site: TestSite) {
    this.#engine = engine;
    this.#site = site;
  }

  static async open(engine: FoundEngine): Promise<KilledPages> {
    const scripts = ["sdk", "journal", "gate"].map((name) => `<script type="module" src="/${name}.js"></script>`);
    return new KilledPages(engine, await TestSite.serve({ "/": { html: html(scripts.join("") + TOLD_SCRIPT) } }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#site[Symbol.asyncDispose]();
  }

  /** Speaks, dies, comes back and recovers. */
  async die({ how, connectedMs, awayMs, isGated = false, preferences }: Death): Promise<Aftermath> {
    await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_LOG_LEVEL: "error" } });
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    const address = `ws://127.0.0.1:${proxy.port}/v1/stream`;
    const profile = await temporaryFolder();
    if (preferences !== undefined) await writeFile(join(profile, "user.js"), preferences);
    let browser: KillableBrowser = await launchKillable(this.#engine, profile, this.#site.url());
    try {
      await speak(browser.page, address, isGated);
      await delay(connectedMs);
      proxy.refuse();
      proxy.reset();
      await delay(awayMs);
      const { capturedTo, withheldMs, warnings } = await browser.page.evaluate(async () => {
        const { capturedDurationMs, withheldDurationMs } = await stream.getStats();
        return {
          capturedTo: Math.round(capturedDurationMs * 16),
          withheldMs: withheldDurationMs,
          warnings: globalThis.pageWarnings,
        };
      });
      if (how === "browser") await browser.kill();
      else if (how === "tab") await browser.killTabs();
      else await browser.page.evaluate(() => void setTimeout(() => location.reload(), 0));
      await proxy.accept();
      if (how === "browser") {
        await browser[Symbol.asyncDispose]();
        browser = await launchKillable(this.#engine, profile, this.#site.url());
      } else if (how === "tab") await browser.openAgain(this.#site.url());
      else await delay(1_000);
      const { recovered, listedMs, leftAfterwards } = await recoverIn(browser.page, address);
      const files = await backend.files(".wav");
      const [file = ""] = files;
      const { samples } = await readWav(file);
      const wrong = differences(samples, 0, recovered.knownTo, isGated ? numberedWord : numberedSample);
      const recordings = files.length;
      return { recovered, listedMs, capturedTo, withheldMs, wrong, recordings, leftAfterwards, warnings };
    } finally {
      await browser[Symbol.asyncDispose]();
    }
  }
}

/** Resolves when the page has the package. */
export async function loaded(page: ScriptablePage): Promise<void> {
  await page.evaluate(async () => {
    const deadline = performance.now() + 10_000;
    while (!["sdk", "journal", "voiceGate"].every((name) => name in globalThis)) {
      if (performance.now() > deadline) throw new Error("The page has not loaded the package. Was it built?");
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
}

/** Starts a stream in the page, which keeps a journal, whose every sample tells its position. */
export async function speak(page: ScriptablePage, address: string, isGated: boolean): Promise<void> {
  await loaded(page);
  await page.evaluate(
    async ({ address, isGated }) => {
      const speech = Float32Array.from({ length: 30 * 16_000 }, (_, position) => {
        if (isGated && position % 16_000 >= 6_400) return 0;
        return (((position * 7_919 + Math.floor(position / 256) * 104_729) % 65_536) - 32_768) / 32_768;
      });
      globalThis.pageWarnings = [];
      globalThis.stream = new sdk.AudioStream(
        { source: sdk.samples([speech], { sampleRate: 16_000 }), transport: sdk.webSocket(address) },
        {
          replay: { journal: journal.persistentJournal() },
          reconnect: { maxElapsedMs: 120_000 },
          gate: isGated ? voiceGate({ hangoverMs: 100 }) : undefined,
        },
      );
      stream.addEventListener("warning", ({ error }) =>
        globalThis.pageWarnings.push(`${error.code}: ${error.message}`),
      );
      await stream.start();
    },
    { address, isGated },
  );
}

async function recoverIn(
  page: ScriptablePage,
  address: string,
): Promise<Pick<Aftermath, "recovered" | "listedMs" | "leftAfterwards">> {
  await loaded(page);
  return page.evaluate(async (address) => {
    // The browser may take a moment to notice that the tab is gone which had it.
    const deadline = performance.now() + 10_000;
    let [left] = await journal.recoverStreams();
    while (left === undefined) {
      if (performance.now() > deadline) throw new Error("Nothing was left.");
      await new Promise((resolve) => setTimeout(resolve, 100));
      [left] = await journal.recoverStreams();
    }
    const recovered = await left.recover(address);
    const leftAfterwards = (await journal.recoverStreams()).length;
    return { recovered, listedMs: left.durationMs, leftAfterwards };
  }, address);
}
