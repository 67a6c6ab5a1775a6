/**
 * `npm run bench:latency`: from the moment a frame is complete on the audio thread until a server on this machine has it.
 * `--seconds` of each measurement, `--hosts` and `--subjects` by name, `--hidden-minutes` for a hidden page instead.
 */
import { ensureChromium } from "../../support/find-chromium.js";
import { HOSTS } from "../hosts.js";
import {
  browserVersion,
  type Cell,
  type Column,
  listOption,
  numberOption,
  report,
  type Table,
  tell,
} from "../report.js";
import { BUSY_MS, measureLatency, type PageState, PERIOD_MS } from "./measure-latency.js";
import { BARE_SUBJECT, type LatencySubject, loquilexSubject, PEER_SUBJECTS } from "./subjects.js";

const TITLES: Readonly<Record<PageState, string>> = {
  idle: "Page idle",
  blocked: `Page blocked ${BUSY_MS} of every ${PERIOD_MS} ms`,
  hidden: "Page hidden",
};
/** What the worker host must reach. */
const WORKER_TARGETS: Readonly<Record<PageState, { readonly p50Ms: number; readonly p99Ms: number }>> = {
  idle: { p50Ms: 2, p99Ms: 5 },
  blocked: { p50Ms: 2, p99Ms: 5 },
  hidden: { p50Ms: 2, p99Ms: 10 },
};
const COLUMNS: readonly Column[] = [
  { title: "what streams" },
  { title: "ms of audio in a message" },
  { title: "p50, ms", digits: 1 },
  { title: "p99, ms", digits: 1 },
  { title: "max, ms", digits: 1 },
  { title: "frames lost" },
  { title: "messages" },
  { title: "connections" },
];

const seconds = numberOption("seconds", 20);
const hiddenMinutes = process.argv.includes("--hidden-minutes") ? numberOption("hidden-minutes", 10) : undefined;
const executablePath = await ensureChromium();
const own = listOption("hosts", HOSTS).map(loquilexSubject);
const all = hiddenMinutes === undefined ? [BARE_SUBJECT, ...own, ...PEER_SUBJECTS] : own;
const chosen = listOption("subjects", []);
const subjects = chosen.length === 0 ? all : all.filter(({ name }) => chosen.some((part) => name.includes(part)));

const faults: string[] = [];

async function measureAll(state: PageState, durationSeconds: number): Promise<Table> {
  const rows: Cell[][] = [];
  for (const subject of subjects) rows.push(await measure(subject, state, durationSeconds));
  const minutes = durationSeconds >= 120 ? `${(durationSeconds / 60).toFixed(0)} minutes` : `${durationSeconds} s`;
  return { title: `${TITLES[state]}, ${minutes}`, columns: COLUMNS, rows };
}

async function measure(subject: LatencySubject, state: PageState, durationSeconds: number): Promise<Cell[]> {
  console.error(`${subject.name}: ${TITLES[state]} …`);
  const figures = await measureLatency(executablePath, subject, { state, seconds: durationSeconds });
  const { messages, messageMs, p50Ms, p99Ms, maxMs, lostFrames, connections } = figures;
  const target = WORKER_TARGETS[state];
  const found = `${subject.name}, ${TITLES[state]}: p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms`;
  if (subject.name.endsWith("worker") && (p50Ms > target.p50Ms || p99Ms > target.p99Ms)) {
    faults.push(`${found}; it may be ${target.p50Ms} and ${target.p99Ms} ms.`);
  }
  if (own.includes(subject) && lostFrames > 0)
    faults.push(`${subject.name}, ${TITLES[state]}: ${lostFrames} frames lost.`);
  return [
    `${subject.name} ${subject.version}`.trimEnd(),
    messageMs,
    p50Ms,
    p99Ms,
    maxMs,
    lostFrames,
    messages,
    connections,
  ];
}

const tables =
  hiddenMinutes === undefined
    ? [await measureAll("idle", seconds), await measureAll("blocked", seconds)]
    : [await measureAll("hidden", hiddenMinutes * 60)];
tell(
  report({
    name: "latency",
    versions: { Chromium: await browserVersion(executablePath) },
    tables,
    notes: [],
    faults,
  }),
);
