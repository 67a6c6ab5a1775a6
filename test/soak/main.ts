/** Lets people come and go for minutes, under bad conditions, and fails when anything only ever grows. See README.md. */
import { parseArgs } from "node:util";
import { Rng } from "../simulation/rng.js";
import { BackendProcess } from "../support/backend-process.js";
import { INSPECTABLE } from "../support/node-inspector.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { type Figures, HEADING, line, takeFigures } from "./figures.js";
import { soakBrowser } from "./soak-browser.js";
import { climbs, trendOf } from "./trend.js";
import { makeTrouble } from "./troubles.js";
import { receiveVisitors } from "./visitors.js";

const SAMPLE_MS = 10_000;
const WARM_UP_MS = 20_000;
const SETTLE_MS = 30_000;
const VISITORS = 6;
/** What each figure may grow by over the whole time, beyond which a steady growth is a leak. */
const TOLERATED = {
  threads: 3,
  descriptors: 6,
  children: 3,
  rssBytes: 24_000_000,
  heapBytes: 3_000_000,
  clientHeapBytes: 6_000_000,
} as const;
const ENGINE = "cat >/dev/null; echo bye";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "3" },
    seed: { type: "string", default: String(Date.now() % 1e6) },
    browser: { type: "boolean", default: false },
  },
});
const [minutes, seed] = [Number(values.minutes), Number(values.seed)];
if (!(minutes >= 1 && minutes <= 10_000 && Number.isSafeInteger(seed))) {
  throw new RangeError(`--minutes must be from 1 to 10000 and --seed a whole number; they are ${minutes} and ${seed}.`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** Visitors and trouble for a while. @returns a line that says how many there were. */
async function bustle(backend: BackendProcess, proxy: TcpProxy, rng: Rng, signal: AbortSignal): Promise<string> {
  const webSocketUrl = `ws://127.0.0.1:${proxy.port}/v1/stream`;
  const [visits, troubles] = await Promise.all([
    receiveVisitors({ webSocketUrl }, { rng, atOnce: VISITORS, signal }),
    makeTrouble(proxy, backend.pid, { rng, signal }),
  ]);
  const told = (counts: Map<string, number>): string =>
    Array.from(counts, ([name, count]) => `${count} × ${name}`).join(", ");
  return `Visits: ${told(visits)}.\nTroubles: ${told(troubles)}.`;
}

const countsOf = ({ threads, descriptors, children, resources }: Figures) =>
  JSON.stringify({ threads, descriptors, children, resources }, undefined, 1);

/** Resolves with the figures of the idle server: when they are as expected, or when that has taken too long. */
async function settle(backend: BackendProcess, expected?: Figures): Promise<Figures> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const figures = await takeFigures(backend);
    const busy = figures.resources.some((name) => /session |connection /.test(name));
    const settled = expected === undefined ? !busy : countsOf(figures) === countsOf(expected);
    if (settled || performance.now() > deadline) return figures;
    await pause(500);
  }
}

function findTrends(samples: readonly (readonly [atSec: number, figures: Figures])[]): string[] {
  return Object.entries(TOLERATED).flatMap(([name, tolerated]) => {
    const trend = trendOf(samples.map(([at, figures]) => [at, figures[name as keyof typeof TOLERATED]]));
    const growth = name.endsWith("Bytes") ? megabytes(trend.growth) : trend.growth.toFixed(1);
    console.log(`${name}: ${growth} over the whole time, steadiness ${trend.steadiness.toFixed(2)}`);
    return climbs(trend, tolerated) ? [`${name} climbs: ${growth} over the whole time.`] : [];
  });
}

async function soak(): Promise<string[]> {
  const rng = new Rng(seed);
  const env = {
    LX_API: "open",
    ...INSPECTABLE,
    LX_ENGINE: "command",
    LX_ENGINE_COMMAND: ENGINE,
    LX_MAX_CUDA_SESSIONS: "3",
    LX_WS_RESUME_TTL: "2",
    LX_LOG_LEVEL: "error",
  };
  await using backend = await BackendProcess.start({ env });
  await using proxy = await TcpProxy.listen({ targetPort: backend.port });
  console.log(`Seed ${seed}, ${minutes} minutes after ${WARM_UP_MS / 1_000} s to warm up.`);
  await bustle(backend, proxy, rng, AbortSignal.timeout(WARM_UP_MS));
  const before = await settle(backend);

  console.log(HEADING);
  console.log(line(0, before));
  const startedAt = performance.now();
  const samples: (readonly [number, Figures])[] = [];
  const signal = AbortSignal.timeout(minutes * 60_000);
  const bustling = bustle(backend, proxy, rng, signal);
  for (let next = SAMPLE_MS; next < minutes * 60_000; next += SAMPLE_MS) {
    await pause(startedAt + next - performance.now());
    const sample = [(performance.now() - startedAt) / 1_000, await takeFigures(backend)] as const;
    samples.push(sample);
    console.log(line(...sample));
  }
  const told = await bustling;
  const after = await settle(backend, before);
  console.log(`${line((performance.now() - startedAt) / 1_000, after)}   everybody has left`);
  console.log(told);
  const faults = findTrends(samples);
  if (countsOf(after) !== countsOf(before)) {
    faults.push(
      `What is held is not what was held at the start.\nBefore: ${countsOf(before)}\nAfter: ${countsOf(after)}`,
    );
  }
  for (const name of ["heapBytes", "clientHeapBytes"] as const) {
    const growth = after[name] - before[name];
    if (growth > TOLERATED[name]) faults.push(`${name} is ${megabytes(growth)} more than at the start.`);
  }
  if (backend.log.includes('"level":60')) faults.push(`The backend had a fatal error:\n${backend.log}`);
  return faults;
}

const faults = values.browser ? await soakBrowser(minutes, seed) : await soak();
console.log(faults.length === 0 ? "Nothing grew." : `FAILED\n${faults.join("\n")}`);
process.exitCode = faults.length === 0 ? 0 : 1;
