/**
 * `npm run bench:cpu`: what a stream with frames of 20 ms takes of a core in each thread of its page, what it leaves to the
 * garbage collector, and whether its heaps grow over `--minutes`. A page with a bare microphone is measured beside it.
 */
import { version } from "../../../src/version.js";
import { ensureChromium } from "../../support/find-chromium.js";
import { BARE, BARE_WORKER } from "../bare-pages.js";
import { HEAP_PARTS } from "../heaps.js";
import { HOSTS } from "../hosts.js";
import { browserVersion, type Cell, listOption, numberOption, report, tell } from "../report.js";
import { streamIn } from "../stream-in.js";
import { type CpuFigures, measureCpu } from "./measure-cpu.js";

/** Limits for what the package adds to a bare microphone. */
const CPU_LIMIT_PERCENT = 2.5;
/** Of the growth of all heaps together, beyond which they are not flat. */
const GROWTH_LIMIT_BYTES = 300_000;

const minutes = numberOption("minutes", 1);
const duration = minutes === 1 ? "one minute" : `${minutes} minutes`;
const executablePath = await ensureChromium();
const bare = await measureCpu(executablePath, BARE, minutes);
const figures: [string, CpuFigures][] = [
  ["a bare microphone", bare],
  ["a bare microphone, worker and socket", await measureCpu(executablePath, BARE_WORKER, minutes)],
];
for (const host of listOption("hosts", HOSTS)) {
  figures.push([`LoquiLex ${version}, host ${host}`, await measureCpu(executablePath, streamIn(host), minutes)]);
}

const faults: string[] = [];
const cpuRows: Cell[][] = [];
const heapRows: Cell[][] = [];
for (const [name, { cpu, tasks, garbagePerMinute, collections, heaps }] of figures) {
  const added = pathOf(cpu) - pathOf(bare.cpu);
  cpuRows.push([name, cpu.page, cpu.worker, cpu.audio, pathOf(cpu), added, cpu.rest, tasks.page, tasks.worker]);
  const garbage = HEAP_PARTS.map((part) => kilobytes(garbagePerMinute[part]));
  const growth = HEAP_PARTS.map((part) => {
    const heap = heaps[part];
    return heap === undefined ? undefined : heap.after - heap.before;
  });
  heapRows.push([name, ...garbage, collections, ...growth.map(kilobytes)]);
  if (!name.startsWith("LoquiLex")) continue;
  const grown = growth.reduce<number>((sum, bytes = 0) => sum + bytes, 0);
  if (added > CPU_LIMIT_PERCENT)
    faults.push(`${name} adds ${added.toFixed(2)} % of a core, and may add ${CPU_LIMIT_PERCENT} %.`);
  if (grown > GROWTH_LIMIT_BYTES) faults.push(`${name}: the heaps grew by ${grown} bytes in ${duration}.`);
}

function pathOf({ page, worker, audio }: CpuFigures["cpu"]): number {
  return page + worker + audio;
}

function kilobytes(bytes: number | undefined): number | undefined {
  return bytes === undefined ? undefined : bytes / 1_000;
}

const heapColumns = (what: string) => ["page", "worker", "audio thread"].map((part) => ({ title: `${what}, ${part}` }));
tell(
  report({
    name: "cpu",
    versions: { Chromium: await browserVersion(executablePath) },
    tables: [
      {
        title: `Percent of one core, over ${duration}`,
        columns: [
          { title: "what streams" },
          { title: "page", digits: 2 },
          { title: "worker", digits: 2 },
          { title: "audio thread", digits: 2 },
          { title: "all three", digits: 2 },
          { title: "more than the bare microphone", digits: 2 },
          { title: "other threads of the page's process", digits: 2 },
          { title: "tasks of the page (trace)", digits: 2 },
          { title: "tasks of the worker (trace)", digits: 2 },
        ],
        rows: cpuRows,
      },
      {
        title: "Heaps, in kB",
        columns: [
          { title: "what streams" },
          ...heapColumns("garbage a minute"),
          { title: "collections in a minute" },
          ...heapColumns(`growth in ${duration}`),
        ],
        rows: heapRows,
      },
    ],
    notes: [],
    faults,
  }),
);
