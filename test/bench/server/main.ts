/**
 * `npm run bench:server`: how many speakers the reference backend carries on one core, with recordings on the disk and the
 * segmenter listening, beside a bare `ws` receiver under the same load. `--streams 300 --rate 50 --seconds 20` measures
 * one load; without them the two of the targets are measured. `--write` puts what is found into RESULTS.md.
 */
import { createRequire } from "node:module";
import { version } from "../../../src/version.js";
import { type Cell, numberOption, report, tell } from "../report.js";
import { writeResults } from "../results-file.js";
import { type Load, type LoadMeasurement, measureLoad } from "./measure-load.js";
import { whyUnpinned } from "./pinning.js";
import { STEPS } from "./steps.js";

const TARGETS = { p99Ms: 250, idleStreamBytes: 60_000, ratio: 2 };
/** How far the load generator may be behind before the figures are its own. */
const BEHIND_MS = 100;

const seconds = numberOption("seconds", 20);
const loads: readonly Load[] =
  process.argv.includes("--streams") || process.argv.includes("--rate")
    ? [{ streams: numberOption("streams", 300), rate: numberOption("rate", 50), seconds }]
    : [
        { streams: 1_000, rate: 50, seconds },
        { streams: 3_000, rate: 10, seconds },
      ];

const ratioOf = ({ server, bare }: LoadMeasurement): number => server.perFrameUs / bare.perFrameUs;

function cellsOf(found: LoadMeasurement): Cell[] {
  const { streams, rate, server, bare, figures, loopDelayMs } = found;
  return [
    ...[streams, rate, server.percent, server.perFrameUs, bare.percent, bare.perFrameUs, ratioOf(found)],
    ...[figures.ackMs?.p50, figures.ackMs?.p99],
    ...[figures.unacknowledged, loopDelayMs.p99, found.idleStreamBytes / 1_000],
    ...[found.idleStreamLiveBytes / 1_000, found.idleStreamDescriptors],
    ...[found.threads, figures.cpuPercent, figures.behindMs],
  ];
}

function missed(found: LoadMeasurement): string[] {
  const { streams, rate, figures, idleStreamBytes } = found;
  const complaints: string[] = [];
  if (figures.unacknowledged > 0) complaints.push(`${figures.unacknowledged} streams were not acknowledged`);
  complaints.push(...figures.ends.map((how) => `a stream ended: ${how}`));
  if (!((figures.ackMs?.p99 ?? Number.NaN) <= TARGETS.p99Ms))
    complaints.push(`p99 of the acknowledgement is ${figures.ackMs?.p99} ms, and may be ${TARGETS.p99Ms} ms`);
  if (idleStreamBytes > TARGETS.idleStreamBytes)
    complaints.push(`an idle stream takes ${(idleStreamBytes / 1_000).toFixed(0)} kB, and may take 60 kB`);
  if (ratioOf(found) > TARGETS.ratio)
    complaints.push(`the ratio to a bare receiver is ${ratioOf(found).toFixed(1)}, and may be ${TARGETS.ratio}`);
  return complaints.map((complaint) => `${streams} streams of ${rate} frames a second: ${complaint}.`);
}

const measured: LoadMeasurement[] = [];
for (const load of loads) measured.push(await measureLoad(load));
const notes = measured.flatMap(({ streams, figures: { behindMs } }) => {
  if (behindMs < BEHIND_MS) return [];
  return [`The load generator fell ${behindMs.toFixed(0)} ms behind with ${streams} streams.`];
});
const { version: wsVersion } = createRequire(import.meta.url)("ws/package.json") as { readonly version: string };
const found = report({
  name: "server",
  versions: { LoquiLex: version, ws: wsVersion },
  tables: [
    {
      title: `Streams of 16 kHz PCM, ${seconds} s, server on one core`,
      columns: [
        { title: "streams" },
        { title: "frames a second of each" },
        { title: "CPU %" },
        { title: "µs a frame", digits: 1 },
        { title: "bare `ws` CPU %" },
        { title: "bare `ws` µs a frame", digits: 1 },
        { title: "ratio", digits: 1 },
        { title: "ack p50 ms" },
        { title: "ack p99 ms" },
        { title: "streams not acknowledged" },
        { title: "event loop p99 ms" },
        { title: "idle stream kB" },
        { title: "of these live in the main thread" },
        { title: "descriptors a stream", digits: 1 },
        { title: "threads" },
        { title: "generator CPU %" },
        { title: "generator behind ms" },
      ],
      rows: measured.map(cellsOf),
    },
    ...STEPS,
  ],
  notes: [whyUnpinned() ?? [], notes].flat(),
  faults: measured.flatMap(missed),
});
tell(found);
if (process.argv.includes("--write")) await writeResults(new Map([["server", found]]));
