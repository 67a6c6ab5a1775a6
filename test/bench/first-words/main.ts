/**
 * `npm run bench:first-words`: from the moment when somebody begins to speak until the demo page shows the first words, and the
 * first caption that stands. `--runs` says how often. The voice is flite's, the recogniser pocketsphinx.
 */
import { version } from "../../../src/version.js";
import { BackendProcess } from "../../support/backend-process.js";
import { ChromiumPage } from "../../support/chromium-page.js";
import { ensureChromium } from "../../support/find-chromium.js";
import { browserVersion, type Cell, numberOption, quantile, report, tell } from "../report.js";
import { type FirstWordsTimes, watchFirstWords } from "./watch-first-words.js";

/** Silence before the voice, so that the stream runs when it begins. */
const LEAD_MS = 3_000;
const TAIL_MS = 2_000;
const TARGET_MS = 3_000;
const WORDS_TIMEOUT_MS = 90_000;

const runs = numberOption("runs", 7);
const executablePath = await ensureChromium();

/** Speaks once into the demo page, in a browser of its own. */
async function measure(url: string): Promise<FirstWordsTimes> {
  await using browser = await ChromiumPage.launch({
    executablePath,
    microphone: { what: "sample", leadMs: LEAD_MS, tailMs: TAIL_MS },
  });
  const { page } = browser;
  await page.addInitScript(watchFirstWords);
  await page.goto(url);
  await page.getByRole("button", { name: "Start" }).click();
  await page.locator("#finals li").first().waitFor({ timeout: WORDS_TIMEOUT_MS });
  const times = await page.evaluate(() => globalThis.firstWordsTimes());
  await page.goto("about:blank");
  return times;
}

const all: FirstWordsTimes[] = [];
{
  await using backend = await BackendProcess.start({ args: ["--demo", "on"], env: { LX_ENGINE: "pocketsphinx" } });
  for (let run = 1; run <= runs; run += 1) {
    console.error(`Run ${run} of ${runs} …`);
    all.push(await measure(backend.url));
  }
}

const row = (title: string, of: (times: FirstWordsTimes) => number): Cell[] => {
  const values = all.map(of);
  return [title, ...[0.5, 0, 1].map((share) => quantile(values, share))];
};
const firstWordsMs = ({ spokenMs, partialMs }: FirstWordsTimes): number => partialMs - spokenMs;
const median = quantile(all.map(firstWordsMs), 0.5);
tell(
  report({
    name: "first-words",
    versions: {
      Chromium: await browserVersion(executablePath),
      LoquiLex: version,
    },
    tables: [
      {
        title: `${runs} times the sample of the demo, spoken by flite's voice slt`,
        columns: [{ title: "from, until" }, { title: "median, ms" }, { title: "least, ms" }, { title: "most, ms" }],
        rows: [
          row("Start pressed, until the page streams", ({ pressedMs, streamingMs }) => streamingMs - pressedMs),
          row("Speaking begins, until the first words are shown", firstWordsMs),
          row("Speaking begins, until the first caption stands", ({ spokenMs, finalMs }) => finalMs - spokenMs),
        ],
      },
    ],
    notes: [],
    faults: median <= TARGET_MS ? [] : [`The first words take ${Math.round(median)} ms; it may be ${TARGET_MS} ms.`],
  }),
);
