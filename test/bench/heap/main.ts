/**
 * `npm run bench:heap`: how the heaps of the page, of the worker and of the audio thread go over `--minutes`, while a stream
 * with frames of 20 ms runs. What is in use after a collection is read every ten seconds, and what of it scripts have made at
 * the beginning and at the end: the rest is code, which the engine goes on compiling for a long time. A page without the
 * package, which sends as many frames from a worker, is read beside it: what grows there as well is the browser's.
 */
import { setTimeout as delay } from "node:timers/promises";
import { version } from "../../../src/version.js";
import { trendOf } from "../../soak/trend.js";
import { ensureChromium } from "../../support/find-chromium.js";
import { BARE_WORKER } from "../bare-pages.js";
import { HEAP_PARTS, type HeapPart } from "../heaps.js";
import { browserVersion, type Cell, listOption, numberOption, report, tell } from "../report.js";
import { streamIn } from "../stream-in.js";
import { type StreamingPage, whileStreaming } from "../while-streaming.js";

const INTERVAL_MS = 10_000;
/** Limits in kB a minute. An object of 50 bytes that stays behind with each frame makes 150. */
const SLOPE_LIMIT = 15;
const OBJECTS_LIMIT = 5;

type Sample = readonly [minute: number, kilobytes: number];

interface Course {
  readonly samples: ReadonlyMap<HeapPart, readonly Sample[]>;
  /** What scripts have made, in kB a minute. */
  readonly objects: Partial<Record<HeapPart, number>>;
}

async function follow({ heaps }: StreamingPage, minutes: number, warmUpMinutes: number): Promise<Course> {
  // A snapshot stops the threads for a moment: what grows because of that has grown when the next ones are taken.
  await heaps.objects();
  await delay(warmUpMinutes * 60_000);
  const before = await heaps.objects();
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
  const after = await heaps.objects();
  const objects: Partial<Record<HeapPart, number>> = {};
  for (const part of HEAP_PARTS) {
    const [from, to] = [before[part], after[part]];
    if (from !== undefined && to !== undefined) objects[part] = (to - from) / 1_000 / minutes;
  }
  return { samples, objects };
}

const minutes = numberOption("minutes", 10);
const warmUpMinutes = numberOption("warm-up-minutes", 3);
const executablePath = await ensureChromium();
const rows: Cell[][] = [];
const faults: string[] = [];
const subjects = [
  ["a bare microphone, worker and socket", BARE_WORKER],
  ...listOption("hosts", ["worker"]).map((host) => [`LoquiLex, host ${host}`, streamIn(host)]),
] as const;
const courses = await Promise.all(
  subjects.map(([, start = ""]) =>
    whileStreaming(executablePath, start, (streaming) => follow(streaming, minutes, warmUpMinutes)),
  ),
);
for (const [index, { samples: all, objects }] of courses.entries()) {
  const name = subjects[index]?.[0];
  for (const [part, samples] of all) {
    const slopes = [samples, samples.slice(0, samples.length / 2), samples.slice(samples.length / 2)].map(
      (some) => trendOf(some).slope,
    );
    const grown = objects[part];
    rows.push([`${name}: ${part}`, samples.at(0)?.[1], samples.at(-1)?.[1], ...slopes, grown, samples.length]);
    if (index === 0) continue;
    for (const [what, figure = 0, limit] of [
      [`the heap of the ${part}`, slopes[0], SLOPE_LIMIT],
      [`what scripts keep in the heap of the ${part}`, grown, OBJECTS_LIMIT],
    ] as const) {
      if (figure > limit) faults.push(`${name}: ${what} grows by ${figure.toFixed(1)} kB a minute; ${limit} may be.`);
    }
  }
}
tell(
  report({
    name: "heap",
    versions: { LoquiLex: version, Chromium: await browserVersion(executablePath) },
    tables: [
      {
        title: `In use after a collection, every 10 s over ${minutes} minutes after ${warmUpMinutes} to warm up, in kB`,
        columns: [
          { title: "heap of" },
          { title: "first", digits: 1 },
          { title: "last", digits: 1 },
          { title: "slope, kB a minute", digits: 2 },
          { title: "in the first half", digits: 2 },
          { title: "in the second half", digits: 2 },
          { title: "without code, kB a minute", digits: 2 },
          { title: "samples" },
        ],
        rows,
      },
    ],
    notes: [],
    faults,
  }),
);
