import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { samples } from "../../src/capture/samples/samples.js";
import { opus } from "../../src/frames/opus/opus.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import { fakeAudioEncoder } from "../support/fake-audio-encoder.js";
import { FakeTransport } from "../support/fake-transport.js";

const RATE = 16_000;
const SECONDS = 36;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A stream of a recording that may be read as fast as the stream can take it. */
function start() {
  const read = { seconds: 0 };
  const pieces = function* () {
    for (; read.seconds < SECONDS; read.seconds += 1) yield new Float32Array(RATE).fill(0.1);
  };
  const transport = new FakeTransport();
  transport.encoding = "opus";
  const source = samples(pieces(), { sampleRate: RATE, realTime: false });
  source.ended.catch(() => {});
  // More may wait for the server than an encoder is allowed to be behind.
  const stream = new AudioStream({ source, transport }, { encoding: opus(), replay: { maxDurationMs: 120_000 } });
  const drops: string[] = [];
  stream.addEventListener("drop", ({ from, to }) => drops.push(`${from} to ${to}`));
  stream.start().catch(() => {});
  return { stream, source, transport, read, drops };
}

const passTime = (ms: number) => vi.advanceTimersByTimeAsync(ms);

it("a recording is read no faster than a slow encoder takes it, and nothing of it is lost", async () => {
  const Encoder = fakeAudioEncoder();
  const { stream, transport, read, drops } = start();
  await passTime(0);
  Encoder.behaviour.stalled = true;
  await passTime(2_000);
  expect(stream.state).toBe("streaming");
  expect(read.seconds).toBeLessThan(10);
  for (let turn = 0; turn < 200 && stream.state === "streaming"; turn += 1) {
    Encoder.all[0]?.release();
    Encoder.behaviour.stalled = true;
    await passTime(20);
  }
  expect({ seconds: read.seconds, drops }).toEqual({ seconds: SECONDS, drops: [] });
  Encoder.all[0]?.release();
  const closing = stream.close();
  await passTime(1_000);
  await closing;
  expect({ expected: transport.expected, drops }).toEqual({ expected: SECONDS * RATE, drops: [] });
});

it("a recording waits while the browser considers whether it can encode", async () => {
  const Encoder = fakeAudioEncoder();
  const answer = Encoder.isConfigSupported;
  const asked = vi.spyOn(Encoder, "isConfigSupported");
  asked.mockImplementation(async (config) => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return answer(config);
  });
  const { stream, source, transport, read, drops } = start();
  await passTime(900);
  expect(read.seconds).toBeLessThan(10);
  await passTime(2_000);
  await source.ended;
  const closing = stream.close();
  await passTime(1_000);
  await closing;
  expect({ expected: transport.expected, drops }).toEqual({ expected: SECONDS * RATE, drops: [] });
});
