import { Scope, systemClock } from "loquilex/resources";
import { afterAll, beforeAll, expect, it } from "vitest";
import { WebSocket as NodeWebSocket } from "ws";
import { plainWord } from "../../examples/server/recording/recording-name.js";
import type { AudioSource } from "../../src/capture/source.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { DropEvent, ReconnectingEvent } from "../../src/stream/events/events.js";
import { webSocket } from "../../src/transport/websocket.js";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { readWavChunks } from "../support/wav-chunks.js";

const FRAME_SAMPLES = 960;
const FRAMES = 250;

let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_WS_MAX_MSG_BYTES: "4096" } });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

/** Floats of two channels, each of which tells its place. */
const floats = (position: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: FRAME_SAMPLES * 2 }, (_, index) => Math.sin(position * 2 + index));

/** Frames of 20 ms and 7,680 bytes, in real time. */
const stereo = (onDone: () => void): AudioSource => ({
  async open({ signal, onFrame }) {
    const scope = new Scope({ name: "stereo source" });
    scope.follow(signal, () => scope.dispose());
    let frames = 0;
    const startedAt = systemClock.now();
    const tick = (): void => {
      while (frames < FRAMES && (systemClock.now() - startedAt) / 20 >= frames) {
        const position = frames * FRAME_SAMPLES;
        const payload = new Uint8Array(floats(position).buffer);
        frames += 1;
        onFrame({ payload, position, sampleCount: FRAME_SAMPLES, timestamp: 0, peakLevel: 0.5, rmsLevel: 0.2 });
      }
      if (frames === FRAMES) onDone();
      else scope.timeout(10, tick);
    };
    tick();
    const nothing = async () => {};
    return {
      track: undefined,
      pause: nothing,
      resume: nothing,
      flush: nothing,
      stop: async () => void scope.dispose(),
    };
  },
});

// cube-js/cube#10246, ueberdosis/hocuspocus#586, field report 70
it("a server that takes messages of 4,096 bytes gets 48 kHz in two channels of floats, exact to the byte", async () => {
  let done: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    done = resolve;
  });
  const drops: DropEvent[] = [];
  const losses: ReconnectingEvent[] = [];
  const transport = webSocket(backend.webSocketUrl, { WebSocket: NodeWebSocket as unknown as typeof WebSocket });
  const source = stereo(done);
  const format = { sampleRate: 48_000, channelCount: 2, encoding: "pcm_f32le" } as const;
  await using stream = new AudioStream({ source, transport }, format);
  stream.addEventListener("drop", (event) => drops.push(event));
  stream.addEventListener("reconnecting", (event) => losses.push(event));
  await stream.start();
  await finished;
  await stream.close({ timeoutMs: 25_000 });
  expect(losses).toEqual([]);
  expect(drops).toEqual([]);
  const files = (await backend.files(".wav")).filter((path) => path.includes(plainWord(stream.sessionId)));
  expect(files).toHaveLength(1);
  const { data, channels, sampleRate } = await readWavChunks(files[0] ?? "");
  expect({ channels, sampleRate }).toEqual({ channels: 2, sampleRate: 48_000 });
  const captured = Array.from({ length: FRAMES }, (_, index) => Buffer.from(floats(index * FRAME_SAMPLES).buffer));
  expect(Buffer.compare(data, Buffer.concat(captured))).toBe(0);
});
