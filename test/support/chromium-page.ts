import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { audioOf, tapMicrophone } from "./chromium-page-tap.js";
import { type LiveResources, watchResources } from "./chromium-page-watch.js";
import { type Speech, type SpeechOptions, writeSpeech } from "./speech.js";
import type { MonoAudio } from "./wav.js";

export interface ChromiumOptions {
  /** A full Chromium or Chrome. */
  readonly executablePath: string;
  /**
   * What stands in for the microphone: speech that is played once from the moment a page opens the device, a beep that
   * goes on for ever, a microphone that the person does not allow, or none at all. @defaultValue "beep"
   */
  readonly microphone?: Omit<SpeechOptions, "folder"> | "beep" | "denied" | "none";
  /** Records what the microphone gives to the page; needs a page that may load worklets from a blob. @defaultValue false */
  readonly tap?: boolean;
  /** Names that lead to this machine, such as one that is not a secure context on plain http. */
  readonly localNames?: readonly string[];
  /** Goes to sites over https whose certificate nobody vouches for. @defaultValue false */
  readonly trusting?: boolean;
  /** Further flags of Chromium. */
  readonly flags?: readonly string[];
  /** Gives pages the function `gc()`, and exact figures of their memory. @defaultValue false */
  readonly collectable?: boolean;
}

const FLAGS = [
  // Chromium's sandbox does not run for root, and nothing but our own pages is opened.
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Names no sound server and no sound card, so that a machine that has a microphone has none either. */
const NO_AUDIO = { PULSE_SERVER: "unix:/nonexistent", PIPEWIRE_REMOTE: "nonexistent", ALSA_CONFIG_PATH: "/dev/null" };

/** How long a page may take to end what it was told to end: a socket's closing handshake goes to the server and back. */
const RELEASE_MS = 3_000;
const POLL_MS = 50;

/** A browser of its own, with a profile of its own and one page, whose resources are counted. */
export class ChromiumPage implements AsyncDisposable {
  /** Every page that is open in this file's tests. */
  static readonly open = new Set<ChromiumPage>();
  readonly page: Page;
  /** What the microphone says, if it is speech. */
  readonly speech: Speech | undefined;
  /** Exceptions and rejections that nobody caught. */
  readonly pageErrors: string[] = [];
  /** Lines that the page or the browser wrote to the console as errors; failing connections are among them. */
  readonly consoleErrors: string[] = [];
  readonly #browser: Browser;
  readonly #folder: string;

  private constructor(browser: Browser, page: Page, speech: Speech | undefined, folder: string) {
    this.#browser = browser;
    this.page = page;
    this.speech = speech;
    this.#folder = folder;
    ChromiumPage.open.add(this);
    page.on("pageerror", (error) => this.pageErrors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.consoleErrors.push(message.text());
    });
  }

  static async launch(options: ChromiumOptions): Promise<ChromiumPage> {
    const { microphone = "beep", localNames = [] } = options;
    const folder = await mkdtemp(join(tmpdir(), "loquilex-browser-"));
    let browser: Browser | undefined;
    try {
      const speech = typeof microphone === "object" ? await writeSpeech({ folder, ...microphone }) : undefined;
      const args = [...FLAGS, ...(options.flags ?? [])];
      if (options.trusting) args.push("--ignore-certificate-errors");
      if (microphone !== "denied") args.push("--use-fake-ui-for-media-stream");
      if (microphone !== "none") args.push("--use-fake-device-for-media-stream");
      if (speech !== undefined) args.push(`--use-file-for-fake-audio-capture=${speech.path}%noloop`);
      if (options.collectable) args.push("--js-flags=--expose-gc", "--enable-precise-memory-info");
      if (localNames.length > 0) {
        args.push(`--host-resolver-rules=${localNames.map((name) => `MAP ${name} 127.0.0.1`).join(",")}`);
      }
      browser = await chromium.launch({
        executablePath: options.executablePath,
        args,
        env: definedOnly({ ...process.env, ...(microphone === "none" ? NO_AUDIO : {}) }),
      });
      const context = await browser.newContext({ viewport: { width: 1_280, height: 800 } });
      // tsx names functions through a helper, which is not there for those that run in the page.
      await context.addInitScript("globalThis.__name = (value) => value;");
      await context.addInitScript(watchResources);
      if (options.tap === true) await context.addInitScript(tapMicrophone);
      if (microphone === "denied") await denyEverything(context);
      return new ChromiumPage(browser, await context.newPage(), speech, folder);
    } catch (error) {
      await browser?.close();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** What the page holds now, of all it has ever opened. */
  live(): Promise<LiveResources> {
    return this.page.evaluate(() => globalThis.liveResources());
  }

  /** What the first microphone has given to the page, if it was tapped. */
  async tapped(): Promise<MonoAudio> {
    const [first] = await this.page.evaluate(() => globalThis.tapped());
    if (first === undefined) throw new Error("The page has opened no microphone.");
    return audioOf(first);
  }

  /** @throws Error naming what the page still holds, and where that was made, when it does not let go of it in time. */
  async expectNothingLeft(): Promise<void> {
    const made = async (): Promise<readonly string[]> =>
      this.page.evaluate(() => ("liveResources" in globalThis ? globalThis.liveResources().made : []));
    const deadline = performance.now() + RELEASE_MS;
    let left = await made();
    while (left.length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      left = await made();
    }
    if (left.length > 0) throw new Error(`The page left behind:\n${left.join("\n")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    ChromiumPage.open.delete(this);
    try {
      await this.expectNothingLeft();
    } finally {
      await this.#browser.close();
      await rm(this.#folder, { recursive: true, force: true });
    }
  }
}

/** Granting nothing refuses whatever a page asks for, as a person would who once said no. */
const denyEverything = (context: BrowserContext): Promise<void> => context.grantPermissions([]);

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
