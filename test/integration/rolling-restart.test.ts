import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { Balancer } from "../support/balancer.js";
import { NodeStream } from "../support/node-stream.js";
import { expectEverythingInAllLives } from "../support/server-disk.js";

/** `npm run test:rolling-restart` takes 200. */
const STREAMS = Number(process.env.LX_ROLLING_STREAMS ?? 8);
/** Streams that start together. */
const AT_ONCE = 10;

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
  await using balancer = await Balancer.listen(current);
  expect(balancer.ready).toHaveLength(2);
  const streams: NodeStream[] = [];
  while (streams.length < STREAMS) {
    // All at once they would keep this process from answering any of them in time.
    const count = Math.min(AT_ONCE, STREAMS - streams.length);
    const started = Array.from({ length: count }, async () => use(await NodeStream.start(balancer.webSocketUrl)));
    streams.push(...(await Promise.all(started)));
  }
  for (const index of [0, 1] as const) {
    const [old, other] = [current[index], current[1 - index]] as [BackendProcess, BackendProcess];
    // The one that comes instead is there first, as in a rolling update.
    const fresh = use(await start());
    const stopped = old.stop(30_000);
    await vi.waitFor(() => expect(balancer.ready).toEqual([other.port]), { timeout: 5_000 });
    balancer.replace(old, fresh);
    expect(await stopped).toBe(0);
    await vi.waitFor(() => expect(balancer.ready.toSorted()).toEqual([other.port, fresh.port].toSorted()));
    current = index === 0 ? [fresh, other] : [other, fresh];
    for (const { stream } of streams)
      await vi.waitFor(() => expect(stream.state).toBe("streaming"), { timeout: 15_000 });
  }
  await Promise.all(streams.map((stream) => stream.close()));
  expect(streams.filter(({ reconnections }) => reconnections.length > 0).length).toBeGreaterThanOrEqual(STREAMS / 2);
  for (const stream of streams) {
    expect(await stream.closed).toMatchObject({ outcome: "closed" });
    expect([stream.drops, stream.warnings]).toEqual([[], []]);
    const starts = [0, ...stream.reconnections.map(({ missingAudio }) => missingAudio?.to ?? 0)];
    await expectEverythingInAllLives(current[0], stream, starts);
  }
});
