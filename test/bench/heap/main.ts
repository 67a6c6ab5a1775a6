/**
 * `npm run bench:heap`: how the heaps of the page, of the worker and of the audio thread go over `--minutes`, while a stream
 * with frames of 20 ms runs. What is in use after a collection is read every ten seconds. A page without the package, which
 * sends as many frames from a worker, is read beside it: what grows there as well is the browser's.
 */
import { setTimeout as delay } from "node:timers/promises";
import { version } from "../../../src/version.js";
import { TestSite } from "../../browser/test-site.js";
import { trendOf } from "../../soak/trend.js";
import { ensureChromium } from "../../support/find-chromium.js";
import { BARE_WORKER } from "../bare-pages.js";
import { HEAP_PARTS, type HeapPart, Heaps } from "../heaps.js";
import { loquilexDialect } from "../latency/dialects.js";
import { MeasuringServer } from "../latency/measuring-server.js";
import { openMeasuredPage } from "../measured-page.js";
import { browserVersion, type Cell, listOption, numberOption, report, tell } from "../report.js";
import { streamIn } from "../stream-in.js";

const INTERVAL_MS = 10_000;
/** What is compiled and cached in the first half minute is no growth. */
const WARM_UP_MS = 30_000;
/** A heap that grows faster than this, in kB a minute, does not count as flat. */
const SLOPE_LIMIT = 15;

type Sample = readonly [minute: number, kilobytes: number];

async function sample(executablePath: string, start: string, minutes: number): Promise<Map<HeapPart, Sample[]>> {
  await using server = await MeasuringServer.listen(loquilexDialect);
  await using site = await TestSite.serve();
  await using page = await openMeasuredPage({ executablePath, url: site.url() });
  const heaps = await Heaps.watch(page);
  await page.evaluate(`(${start})(${server.port})`);
  await delay(WARM_UP_MS);
  const samples = new Map<HeapPart, Sample[]>();
  const began = performance.now();
  for (let at = 0; at <= minutes * 60_000; at += INTERVAL_MS) {
    await delay(Math.max(0, began + at - performance.now()));
    const used = await heaps.used({ collected: true });
    for (const part of HEAP_PARTS) {
      const bytes = used[part];
      if (bytes === undefined) continue;
      samples.set(part, [...(samples.get(part) ?? []), [at / 60_000, bytes / 1_000]]);
    }
  }
  return samples;
}

const minutes = numberOption("minutes", 10);
const executablePath = await ensureChromium();
const rows: Cell[][] = [];
const faults: string[] = [];
const subjects = [
  ["a bare microphone, worker and socket", BARE_WORKER],
  ...listOption("hosts", ["worker"]).map((host) => [`LoquiLex, host ${host}`, streamIn(host)]),
] as const;
const sampled = await Promise.all(subjects.map(([, start = ""]) => sample(executablePath, start, minutes)));
for (const [index, heaps] of sampled.entries()) {
  const name = subjects[index]?.[0];
  for (const [part, samples] of heaps) {
    const slopes = [samples, samples.slice(0, samples.length / 2), samples.slice(samples.length / 2)].map(
      (some) => trendOf(some).slope,
    );
    rows.push([`${name}: ${part}`, samples.at(0)?.[1], samples.at(-1)?.[1], ...slopes, samples.length]);
    const [slope = 0] = slopes;
    if (index === 0 || slope <= SLOPE_LIMIT) continue;
    faults.push(`${name}: the heap of the ${part} grows by ${slope.toFixed(1)} kB a minute; ${SLOPE_LIMIT} may be.`);
  }
}
tell(
  report({
    name: "heap",
    versions: { LoquiLex: version, Chromium: await browserVersion(executablePath) },
    tables: [
      {
        title: `In use after a collection, every 10 s over ${minutes} minutes, in kB`,
        columns: [
          { title: "" },
          { title: "first", digits: 1 },
          { title: "last", digits: 1 },
          { title: "slope, kB a minute", digits: 2 },
          { title: "in the first half", digits: 2 },
          { title: "in the second half", digits: 2 },
          { title: "samples" },
        ],
        rows,
      },
    ],
    notes: [],
    faults,
  }),
);
