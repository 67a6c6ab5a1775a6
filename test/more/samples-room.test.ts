import { AudioStream, samples, webSocket } from "loquilex";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket as NodeWebSocket } from "ws";
import { plainWord } from "../../examples/server/recording/recording-name.js";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { sine } from "../support/signals.js";
import { accountFor, NOTHING_WRONG, readSamples, stampedSamples } from "../support/stamped-audio.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { readWav } from "../support/wav.js";

const RATE = 16_000;
const SECONDS = 30;

let backend: BackendProcess;
let proxy: TcpProxy;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  proxy = await TcpProxy.listen({ targetPort: backend.port });
}, START_TIMEOUT_MS);

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

// A second a piece; the connection breaks in the middle, when nobody knows what has arrived.
async function* halfAMinute(): AsyncGenerator<Float32Array> {
  for (let second = 0; second < SECONDS; second += 1) {
    if (second === SECONDS / 2) proxy.reset();
    yield sine(440, RATE, RATE, 0.5);
  }
}

it("a recording that is given faster than it sounds waits for room, and not a sample of it is dropped, though the link breaks", async () => {
  const source = samples(halfAMinute(), { sampleRate: RATE, realTime: false });
  const transport = webSocket(`ws://127.0.0.1:${proxy.port}/v1/stream`, {
    WebSocket: NodeWebSocket as unknown as typeof WebSocket,
  });
  const drops: unknown[] = [];
  const stream = new AudioStream(
    { source, transport },
    // A tenth of the recording.
    { replay: { maxDurationMs: 3_000 }, reconnect: { initialDelayMs: 100 } },
  );
  stream.addEventListener("drop", (event) => drops.push(event));
  const begun = performance.now();
  await stream.start();
  await source.ended;
  await stream.close({ timeoutMs: 20_000 });
  expect(performance.now() - begun).toBeLessThan(SECONDS * 1_000);
  expect(drops).toEqual([]);
  const [path = ""] = (await backend.files(".wav")).filter((name) => name.includes(plainWord(stream.sessionId)));
  expect((await readWav(path)).samples).toHaveLength(SECONDS * RATE);
});

// k2-fsa/sherpa-onnx#1363, field report 69
it("two and a half minutes of samples() go as fast as the server's pace allows, and every sample arrives once", {
  timeout: 90_000,
}, async () => {
  const seconds = 150;
  async function* stamped(): AsyncGenerator<Float32Array> {
    for (let second = 0; second < seconds; second += 1) {
      yield Float32Array.from(stampedSamples(second * RATE, (second + 1) * RATE), (value) => value / 32_768);
    }
  }
  const source = samples(stamped(), { sampleRate: RATE, realTime: false });
  const transport = webSocket(backend.webSocketUrl, {
    WebSocket: NodeWebSocket as unknown as typeof WebSocket,
  });
  const troubles: unknown[] = [];
  const stream = new AudioStream({ source, transport });
  for (const type of ["drop", "reconnecting", "warning"] as const) {
    stream.addEventListener(type, (event) => troubles.push(event));
  }
  const begun = performance.now();
  await stream.start();
  await source.ended;
  await stream.close({ timeoutMs: 30_000 });
  expect(performance.now() - begun).toBeLessThan((seconds * 1_000) / 2);
  expect(troubles).toEqual([]);
  const [path = ""] = (await backend.files(".wav")).filter((name) => name.includes(plainWord(stream.sessionId)));
  expect(accountFor(await readSamples(path), 0, seconds * RATE)).toEqual(NOTHING_WRONG);
});
