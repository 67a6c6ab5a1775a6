import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { microphone } from "../../src/capture/microphone/microphone.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import { webSocket } from "../../src/transport/websocket.js";
import { type FakeAudio, installFakeAudio } from "../support/fake-audio.js";
import { FakeTransport } from "../support/fake-transport.js";
import { FakeWorker, installFakeWorkers } from "../support/fake-worker.js";
import { passTime, rejectionOf, settle } from "../support/observed-stream.js";
import { sine } from "../support/signals.js";

/** At the wire's rate. */
const SECOND = 16_000;
const FRAME = 320;

let fake: FakeAudio;
let transport: FakeTransport;
let stream: AudioStream;
let drops: number[][];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  fake = installFakeAudio();
  transport = new FakeTransport();
  installFakeWorkers(transport);
});
afterEach(async () => {
  stream.abort();
  await passTime(300);
  await stream.closed;
  expect(stream.resources()).toEqual([]);
  expect(FakeWorker.live).toEqual([]);
  fake.uninstall();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function make(options: AudioStreamOptions = {}): void {
  stream = new AudioStream(
    { source: microphone(), transport: webSocket("wss://example.test/audio") },
    { workerUrl: "https://example.test/loquilex.worker.js", heartbeat: { intervalMs: 60_000 }, ...options },
  );
  drops = [];
  stream.addEventListener("drop", ({ from, to }) => drops.push([from, to]));
}

/** Ports between threads are real ones, and take turns of the event loop. */
async function settleThreads(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    await settle();
  }
}

async function speak(seconds: number): Promise<void> {
  fake.context.render(sine(440, 48_000, seconds * 48_000, 0.5));
  await settleThreads();
}

async function start(): Promise<void> {
  const started = stream.start();
  await settleThreads();
  await speak(1);
  await started;
}

const heard = (): number[] => transport.connections.flatMap(({ audio }) => audio.map(({ position }) => position));
const sum = (): number => drops.reduce((total, [from = 0, to = 0]) => total + to - from, 0);

describe("a worker that hangs while the audio thread speaks to it alone", () => {
  it("is counted for by what the audio thread has told the page, to the sample, if the stream is aborted", async () => {
    make();
    await start();
    const { acknowledgedDurationMs } = await stream.getStats();
    FakeWorker.last.hung = true;
    await speak(2);
    stream.abort();
    await passTime(250);
    await stream.closed;
    const [[from = 0, to = 0] = []] = drops;
    expect(drops).toHaveLength(1);
    expect(from).toBe((acknowledgedDurationMs / 1_000) * SECOND);
    // The page hears of a quarter of a second at a time.
    expect(to % FRAME).toBe(0);
    expect(3 * SECOND - to).toBeLessThan(SECOND / 3);
    const stats = await stream.getStats();
    expect(stats.capturedDurationMs).toBe(stats.acknowledgedDurationMs + stats.droppedDurationMs);
    expect(stats.droppedDurationMs).toBe((sum() / SECOND) * 1_000);
  });

  it("is counted for to the last sample if the stream is closed", async () => {
    make();
    await start();
    FakeWorker.last.hung = true;
    await speak(2);
    const closing = rejectionOf(stream.close({ timeoutMs: 1_500 }));
    await passTime(1_500);
    expect(await closing).toMatchObject({ code: "close-timeout" });
    expect(drops.map(([, to]) => to)).toEqual([3 * SECOND]);
  });

  it("is replaced, and what it took along is told to the sample", async () => {
    make();
    await start();
    FakeWorker.last.hung = true;
    for (let second = 0; second < 8; second += 1) {
      await passTime(1_000);
      await speak(1);
    }
    const positions = heard();
    expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
    const missing = Array.from({ length: positions.at(-1) ?? 0 }, (_, index) => index).filter(
      (position) => position % FRAME === 0 && !positions.includes(position),
    );
    expect(FakeWorker.made).toHaveLength(2);
    expect(sum()).toBeGreaterThan(4 * SECOND);
    expect(sum()).toBe(missing.length * FRAME);
    expect((await stream.getStats()).droppedDurationMs).toBe((sum() / SECOND) * 1_000);
  });
});

describe("a worker that dies before the start", () => {
  it.each([true, false])(
    "has lost what it kept for that, and this is told (it had placed the audio: %s)",
    async (isPlaced) => {
      make({ preRollMs: 500 });
      const warm = stream.warmUp();
      await settleThreads();
      if (!isPlaced) FakeWorker.last.hung = true;
      await speak(1);
      FakeWorker.last.hung = true;
      await speak(1);
      await passTime(7_000);
      await settleThreads();
      await warm;
      await speak(0.1);
      const started = stream.start();
      await settleThreads();
      await speak(1);
      await started;
      // Four frames of the half second that is kept were spoken to the one that replaced it.
      const lost = 0.5 * SECOND - 4 * FRAME;
      expect(drops).toEqual([[0, lost]]);
      expect(heard().at(0)).toBe(lost);
    },
  );
});
