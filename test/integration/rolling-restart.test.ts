import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { Balancer } from "../../examples/cluster/balancer.js";
import { AskedProgram } from "../support/asked-program.js";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { expectEverythingInAllLives } from "../support/server-disk.js";
import type { SpeakersAccount, SpeakersRequest, SpeakersState } from "../support/speakers.js";

/** `npm run test:rolling-restart` takes 200. */
const WANTED = process.env.LX_ROLLING_STREAMS;
const STREAMS = Number(WANTED ?? 8);
/** Processes among which the streams are shared. */
const PROGRAMS = WANTED === undefined ? 1 : 2;
/** How long everybody may take to have a server again. */
const BACK_MS = 15_000;

// cameri/nostream#772: every deploy drops live sessions.
it(`two nodes are restarted in turn under ${STREAMS} streams, and nobody loses a sample or sees an error`, {
  timeout: START_TIMEOUT_MS * 4 + STREAMS * 500,
}, async () => {
  const outDir = await mkdtemp(join(tmpdir(), "loquilex-rolling-"));
  const env = { LX_ENGINE: "segmenter", LX_DRAIN_DELAY_SEC: "1", LX_MAX_SESSIONS: "1000" };
  const start = (): Promise<BackendProcess> => BackendProcess.start({ env, outDir });
  const opened: AsyncDisposable[] = [];
  onTestFinished(async () => {
    for (const one of opened.toReversed()) await one[Symbol.asyncDispose]();
    await rm(outDir, { recursive: true, force: true });
  });
  const use = <T extends AsyncDisposable>(one: T): T => {
    opened.push(one);
    return one;
  };
  let current = [use(await start()), use(await start())] as const;
  const nodes = current.map(({ port }) => port);
  const balancer = use(await Balancer.listen({ host: "127.0.0.1", port: 0, nodes }));
  expect(balancer.ready).toHaveLength(2);
  const args = [`ws://127.0.0.1:${balancer.port}/v1/stream`];
  const programs = Array.from({ length: PROGRAMS }, () =>
    use(new AskedProgram(new URL("../support/speakers.ts", import.meta.url), { args })),
  );
  const ask = <T>(request: SpeakersRequest): Promise<T[]> =>
    Promise.all(programs.map((program) => program.ask<T>(request)));
  const states = (request: SpeakersRequest = { type: "state" }) => ask<SpeakersState>(request);
  await states({ type: "start", streams: STREAMS / PROGRAMS });
  const delaysMs: number[] = [];
  for (const index of [0, 1] as const) {
    const [old, other] = [current[index], current[1 - index]] as [BackendProcess, BackendProcess];
    // The one that comes instead is there first, as in a rolling update.
    const fresh = use(await start());
    const stopped = old.stop(30_000);
    await vi.waitFor(() => expect(balancer.ready).toEqual([other.port]), { timeout: 5_000 });
    balancer.replace(old.port, fresh.port);
    expect(await stopped).toBe(0);
    await vi.waitFor(() => expect(balancer.ready.toSorted()).toEqual([other.port, fresh.port].toSorted()));
    current = index === 0 ? [fresh, other] : [other, fresh];
    const back = async () => {
      const told = await states();
      delaysMs.push(...told.map(({ maxLoopDelayMs }) => Math.round(maxLoopDelayMs)));
      expect(told.flatMap(({ others }) => others)).toEqual([]);
    };
    await vi.waitFor(back, { timeout: BACK_MS, interval: 250 });
  }
  const speakers = (await ask<SpeakersAccount>({ type: "close" })).flatMap((account) => account.speakers);
  expect(speakers).toHaveLength(STREAMS);
  const downtimesMs = speakers.flatMap((speaker) => speaker.downtimesMs).toSorted((a, b) => a - b);
  const [median, longest] = [downtimesMs.at(downtimesMs.length / 2), downtimesMs.at(-1)].map((ms) =>
    Math.round(ms ?? 0),
  );
  const line = {
    streams: STREAMS,
    reconnections: downtimesMs.length,
    median,
    longest,
    loopDelayMs: Math.max(...delaysMs),
  };
  if (WANTED !== undefined) console.log(JSON.stringify(line));
  expect(speakers.filter(({ starts }) => starts.length > 1).length).toBeGreaterThanOrEqual(STREAMS / 2);
  for (const speaker of speakers) {
    expect(speaker).toMatchObject({ outcome: "closed", drops: [], warnings: [] });
    await expectEverythingInAllLives(current[0], speaker, speaker.starts);
  }
});
