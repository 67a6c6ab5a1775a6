import { describe, expect, it, vi } from "vitest";
import { Rng } from "../simulation/rng.js";
import { BackendProcess } from "../support/backend-process.js";
import { collectGarbageIn, INSPECTABLE } from "../support/node-inspector.js";
import { processFigures } from "../support/process-figures.js";
import { ENDINGS, fullDisk, OBEDIENT_ENGINE } from "../support/session-endings.js";

type Ending = (backend: BackendProcess) => Promise<void>;

const SEED = 44;
const AT_ONCE = 10;
/** Of the heap after a forced collection: an object leaked by each of 400 sessions would be more. */
const HEAP_TOLERANCE_BYTES = 2_000_000;

interface Report {
  readonly memory: { readonly heapUsed: number };
  readonly resources: readonly { readonly owner: string; readonly resource: string }[];
}

/** What the server holds once nothing is going on; for the memory, once its garbage is collected. */
async function figuresOf(backend: BackendProcess) {
  const ask = async () => (await (await fetch(`${backend.url}/api/resources`)).json()) as Report;
  // An engine has two seconds after SIGTERM, and a session a second after its client is gone.
  await vi.waitFor(
    async () => expect((await ask()).resources.filter(({ owner }) => /session |connection /.test(owner))).toEqual([]),
    { timeout: 20_000, interval: 200 },
  );
  await collectGarbageIn(backend.log);
  const { memory, resources } = await ask();
  const { threads, descriptors, children, rssBytes } = processFigures(backend.pid);
  return {
    counts: {
      threads,
      descriptors,
      children,
      // Timers that are set again and again change places.
      resources: resources.map(({ owner, resource }) => `${owner} ${resource}`).toSorted(),
    },
    heapBytes: memory.heapUsed,
    rssBytes,
  };
}

/** Runs so many sessions, each ending its way, in a random order and several at once. */
async function run(backend: BackendProcess, endings: readonly Ending[], sessions: number): Promise<void> {
  const rng = new Rng(SEED);
  const left = Array.from({ length: sessions }, (_, index) => endings[index % endings.length] as Ending)
    .map((ending) => ({ ending, order: rng.next() }))
    .toSorted((a, b) => a.order - b.order);
  const worker = async (): Promise<void> => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) await next.ending(backend);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function expectNothingLeft(backend: BackendProcess, endings: readonly Ending[], sessions: number): Promise<void> {
  // What Node and the engines need once for all sessions is there after some of them.
  await run(backend, endings, 4 * endings.length + AT_ONCE);
  const before = await figuresOf(backend);
  await run(backend, endings, sessions);
  let after = await figuresOf(backend);
  await vi.waitFor(
    async () => {
      after = await figuresOf(backend);
      expect(after.counts).toEqual(before.counts);
    },
    { timeout: 15_000, interval: 200 },
  );
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `${sessions} sessions: threads ${before.counts.threads} → ${after.counts.threads}, ` +
      `processes ${before.counts.children} → ${after.counts.children}, ` +
      `descriptors ${before.counts.descriptors} → ${after.counts.descriptors}, ` +
      `heap ${megabytes(before.heapBytes)} → ${megabytes(after.heapBytes)}, ` +
      `resident ${megabytes(before.rssBytes)} → ${megabytes(after.rssBytes)}`,
  );
  expect(after.heapBytes - before.heapBytes).toBeLessThan(HEAP_TOLERANCE_BYTES);
}

// heygen-com/hyperframes#1038: an engine's death crashes the server, and orphans pile up.
// Totodore/socketioxide#732: sessions are never freed.
describe("500 sessions that end in every possible way leave no thread, process, descriptor or memory behind:", () => {
  it("432 by close, abort, cut, crash, a deaf engine and a killed one", { timeout: 300_000 }, async () => {
    const env = {
      LX_API: "open",
      ...INSPECTABLE,
      LX_ENGINE: "command",
      LX_ENGINE_COMMAND: OBEDIENT_ENGINE,
      LX_MAX_CUDA_SESSIONS: "1000",
      LX_MAX_SESSIONS: "1000",
      LX_WS_RESUME_TTL: "1",
      LX_LOG_LEVEL: "error",
    };
    await using backend = await BackendProcess.start({ env });
    await expectNothingLeft(backend, Object.values(ENDINGS), 432);
    expect(await backend.files(".part")).toEqual([]);
    expect(await backend.files(".tmp")).toEqual([]);
  });

  // openclaw/openclaw#94081
  it("68 by a disk that is full", { timeout: 300_000 }, async () => {
    const env = { LX_API: "open", ...INSPECTABLE, LX_ENGINE: "segmenter", LX_LOG_LEVEL: "error" };
    await using backend = await BackendProcess.start({ env, prefix: "ulimit -f 512" });
    await expectNothingLeft(backend, [fullDisk], 68);
    expect(await backend.files(".part")).toEqual([]);
  });
});
