import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "../package/consumer.js";
import { ENGINE_NAMES, type ScriptablePage } from "../support/engines/engine-page.js";
import { launchEngine } from "../support/engines/engines.js";
import { ensureSound, findEngine } from "../support/engines/find-engines.js";
import { VirtualSound } from "../support/engines/virtual-sound.js";
import { FolderSite } from "../support/folder-site.js";
import { writeSpeech } from "../support/speech.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const SOUND_STEP_MS = 20;
/** A busy machine takes its time to load the model. */
const TIMEOUT_MS = 60_000;

const textOf = (page: ScriptablePage, id: string): Promise<string> =>
  page.evaluate((id) => document.getElementById(id)?.textContent ?? "", id);
const click = (page: ScriptablePage, id: string): Promise<void> =>
  page.evaluate((id) => document.getElementById(id)?.click(), id);
const eventually = <T>(probe: () => Promise<T>) => expect.poll(probe, { timeout: TIMEOUT_MS, interval: 50 });

let site: FolderSite;

beforeAll(async () => {
  await ensureSound();
  await build({ configFile: join(ROOT, ".config/say-one-of-these.ts"), logLevel: "warn" });
  site = await FolderSite.serve(join(ROOT, "out/say-one-of-these"));
});

afterAll(() => site[Symbol.asyncDispose]());

// An engine that leaves out some milliseconds of a word on a busy machine has it spoken again.
it.each(ENGINE_NAMES)(
  "a page in %s understands a phrase by itself, under a strict policy",
  { retry: 2 },
  async (name) => {
    const engine = await findEngine(name);
    if (engine === undefined) {
      expect(process.env.LX_ENGINES, `${name} is not on this machine.`).not.toBe("all");
      return;
    }
    const { path, durationMs } = await writeSpeech({
      folder: await temporaryFolder(),
      what: "phrase",
      sampleRate: 48_000,
      tailMs: 1_000,
    });
    await using sound = await VirtualSound.start(SOUND_STEP_MS);
    const microphone = await sound.plugIn("Microphone");
    await microphone.makeDefault();
    await using page = await launchEngine(engine, sound.env);
    await page.open(site.url("/"));
    const pressed = performance.now();
    await click(page, "start");
    await eventually(() => textOf(page, "state")).toBe("streaming");
    const loadedMs = performance.now() - pressed;
    const spoken = performance.now();
    const speaking = microphone.speak(path);
    await eventually(() => textOf(page, "captions")).toMatch(/^switch/);
    const partialMs = performance.now() - spoken;
    await speaking;
    await eventually(() => textOf(page, "captions")).toBe("switch off the radio");
    await click(page, "stop");
    await eventually(() => textOf(page, "state")).toBe("closed");
    expect(await textOf(page, "captions")).toBe("switch off the radio");
    expect(await textOf(page, "problem")).toBe("");
    console.log(
      `${page.version}: streaming ${Math.round(loadedMs)} ms after Start, first word ${Math.round(partialMs)} ms after ` +
        `the beginning of a file of ${Math.round(durationMs)} ms.`,
    );
  },
);
