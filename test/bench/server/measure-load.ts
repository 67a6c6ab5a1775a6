import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { systemClock } from "loquilex/resources";
import { AskedProgram } from "../../support/asked-program.js";
import { BackendProcess } from "../../support/backend-process.js";
import { type ProcessFigures, processFigures } from "../../support/process-figures.js";
import { quantile } from "../report.js";
import type { LoadFigures, LoadRequest } from "./load-messages.js";
import { GENERATOR_CORE, pinned, SERVER_CORE, whyUnpinned } from "./pinning.js";

/** Streaming before the measurement, so that everything is compiled and every file is open. */
const WARM_UP_SEC = 4;
/**
 * The streams come in so many parts. A process grows in leaps that belong to no stream, as when the collector gives new objects
 * more room, so that the median of what each part added is what counts.
 */
const PARTS = 5;
/** Streaming of those that are then idle, and how long they are so before the memory is looked at. */
const ACTIVE_SEC = 1;
const IDLE_MS = 2_000;
const BARE_SEC = 6;
const TICKS_PER_SECOND = 100;

export interface Load {
  readonly streams: number;
  /** Frames a second of each. */
  readonly rate: number;
  /** How long is measured. */
  readonly seconds: number;
}

export interface ProcessorTime {
  /** What the process used of one core. */
  readonly percent: number;
  /** In microseconds, for each frame that was sent. */
  readonly perFrameUs: number;
}

export interface LoadMeasurement extends Load {
  readonly server: ProcessorTime;
  /** What a bare `ws` receiver used for the same frames. */
  readonly bare: ProcessorTime;
  readonly figures: LoadFigures;
  readonly loopDelayMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Of one stream more that has sent something and is idle: the upper median of the parts after the first. */
  readonly idleStreamBytes: number;
  /** The same of what the main thread holds after a collection: its heap, and the buffers beside it. */
  readonly idleStreamLiveBytes: number;
  readonly idleStreamDescriptors: number;
  readonly threads: number;
}

/** The reference backend, and then a bare receiver, each on a core of its own, under the same load from another core. */
export async function measureLoad(load: Load): Promise<LoadMeasurement> {
  const bare = await measureBare(load);
  const folder = await mkdtemp(join(tmpdir(), "loquilex-bench-"));
  const probePath = join(folder, "probe");
  await using generator = startGenerator(load);
  const backend = await BackendProcess.start({
    prefix: whyUnpinned() === undefined ? `taskset -pc ${SERVER_CORE} $$ >/dev/null` : "true",
    env: {
      LX_ENGINE: "segmenter",
      LX_LOG_LEVEL: "warn",
      LX_MAX_SESSIONS: String(load.streams),
      // What is measured is the load that was asked for, however late the server is with it.
      LX_MAX_DELAY_MS: "0",
      LX_MAX_CONNECTIONS_PER_ADDRESS: String(2 * load.streams),
      LX_BENCH_PROBE: probePath,
      NODE_OPTIONS: `--import=${new URL("process-probe.mjs", import.meta.url).href}`,
    },
  });
  try {
    const path = new URL(backend.webSocketUrl).pathname;
    const ask = (request: LoadRequest): Promise<LoadFigures> => generator.ask(request);
    const openPart = async (): Promise<ProcessFigures & { readonly liveBytes: number }> => {
      await ask({ type: "open", streams: load.streams / PARTS, port: backend.port, path, bare: false });
      await ask({ type: "stream", seconds: ACTIVE_SEC });
      await ask({ type: "stop" });
      await pause(IDLE_MS);
      const { memory } = await probe(probePath);
      return { ...processFigures(backend.pid), liveBytes: memory.heapUsed + memory.external };
    };
    const idle: Awaited<ReturnType<typeof openPart>>[] = [];
    while (idle.length < PARTS) idle.push(await openPart());
    const ofOneStream = (figure: (figures: (typeof idle)[number]) => number): number => {
      const added = idle.slice(1).map((figures, index) => figure(figures) - figure(idle[index] ?? figures));
      return (quantile(added, 0.5) * PARTS) / load.streams;
    };
    await ask({ type: "stream", seconds: WARM_UP_SEC });
    await probe(probePath);
    const measured = await timeDuring(backend.pid, () => ask({ type: "stream", seconds: load.seconds }));
    const { loopDelayMs } = await probe(probePath);
    const { unacknowledged, ends } = await ask({ type: "stop" });
    return {
      ...load,
      ...{ server: measured.time, bare },
      figures: { ...measured.found, unacknowledged, ends },
      loopDelayMs,
      idleStreamBytes: ofOneStream(({ rssBytes }) => rssBytes),
      idleStreamLiveBytes: ofOneStream(({ liveBytes }) => liveBytes),
      idleStreamDescriptors: ofOneStream(({ descriptors }) => descriptors),
      threads: processFigures(backend.pid).threads,
    };
  } finally {
    // What it recorded is not wanted.
    await backend.kill9();
    await backend[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureBare(load: Load): Promise<ProcessorTime> {
  await using receiver = program("bare-receiver.ts", SERVER_CORE);
  await using generator = startGenerator(load);
  const port = await receiver.hear<number>();
  const ask = (request: LoadRequest): Promise<LoadFigures> => generator.ask(request);
  await ask({ type: "open", streams: load.streams, port, path: "/", bare: true });
  await ask({ type: "stream", seconds: 2 });
  const { time } = await timeDuring(receiver.pid, () => ask({ type: "stream", seconds: BARE_SEC }));
  return time;
}

const startGenerator = ({ rate }: Load): AskedProgram => program("generate-load.ts", GENERATOR_CORE, [String(rate)]);

/** A module of this folder on one core. */
const program = (module: string, core: number, args: readonly string[] = []): AskedProgram =>
  new AskedProgram(new URL(module, import.meta.url), { args, wrap: (command) => pinned(core, command) });

async function timeDuring(
  pid: number,
  work: () => Promise<LoadFigures>,
): Promise<{ readonly found: LoadFigures; readonly time: ProcessorTime }> {
  const [before, startedAt] = [cpuSeconds(pid), performance.now()];
  const found = await work();
  const seconds = cpuSeconds(pid) - before;
  const percent = (seconds * 100_000) / (performance.now() - startedAt);
  return { found, time: { percent, perFrameUs: (seconds * 1e6) / found.frames } };
}

/** Of all threads of a process, those included that have ended. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user = 0, system = 0] = stat.slice(stat.lastIndexOf(")")).split(" ").slice(12, 14).map(Number);
  return (user + system) / TICKS_PER_SECOND;
}

/** What `process-probe.mjs` says of the server. */
async function probe(
  path: string,
): Promise<Pick<LoadMeasurement, "loopDelayMs"> & { readonly memory: NodeJS.MemoryUsage }> {
  return JSON.parse(await text(connect({ path })));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void systemClock.schedule(ms, resolve));
