import {
  AudioFrameFlag,
  type AudioOffer,
  bytesPerSample,
  encodeAudioFrame,
  type WireAudioFrame,
} from "loquilex/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plainWord } from "../../examples/server/recording/recording-name.js";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { SWEEP_RATE, SWEEP_RUNS, sweepFrames, sweepSnrDb } from "../support/opus-sweep.js";
import { RawClient } from "../support/raw-client.js";
import { readWavChunks, type WavChunks } from "../support/wav-chunks.js";

type Format = Pick<AudioOffer, "encoding" | "sample_rate" | "channels">;

const OPUS: Format = { encoding: "opus", sample_rate: SWEEP_RATE, channels: 1 };
let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

async function connect(format: Format, first: number): Promise<RawClient> {
  const client = await RawClient.connect(backend.webSocketUrl);
  client.hello({ audio: { ...format, first, next: first } });
  return client;
}

const put = (client: RawClient, frame: WireAudioFrame): void => client.socket.send(encodeAudioFrame(frame));
const endOf = ({ position, sampleCount }: WireAudioFrame): number => position + sampleCount;

/** Sends all at once, ends the session, and reads what is on the server's disk. */
async function record(format: Format, frames: readonly WireAudioFrame[]): Promise<WavChunks> {
  const client = await connect(format, frames[0]?.position ?? 0);
  await client.until("session.new");
  for (const frame of frames) put(client, frame);
  client.send("client.end", { position: endOf(frames.at(-1) as WireAudioFrame) });
  await client.until("session.end");
  client.socket.close(1000);
  return recordingOf(client);
}

async function recordingOf({ sessionId }: RawClient): Promise<WavChunks> {
  const files = (await backend.files(".wav")).filter((path) => path.includes(plainWord(sessionId)));
  expect(files).toHaveLength(1);
  return readWavChunks(files[0] ?? "");
}

/** Bytes that look like nothing else, but for floats, which stay within full scale. */
function payloadOf(encoding: AudioOffer["encoding"], position: number, values: number): Uint8Array<ArrayBuffer> {
  let seed = position + 1;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  if (encoding === "pcm_f32le") {
    return new Uint8Array(Float32Array.from({ length: values }, () => 2 * random() - 1).buffer);
  }
  return Uint8Array.from({ length: values * (bytesPerSample(encoding) ?? 0) }, () => Math.floor(256 * random()));
}

const samplesOf = ({ data }: WavChunks): number[] =>
  Array.from(new Int16Array(data.buffer, 0, data.byteLength / 2), (sample) => sample / 32_768);

describe("what is on disk", () => {
  it.for<[AudioOffer["encoding"], number, 1 | 2, tag: number]>([
    ["pcm_s16le", 44_100, 2, 1],
    ["pcm_s16le", 8_000, 1, 1],
    ["pcm_f32le", 16_000, 1, 3],
    ["pcm_f32le", 48_000, 2, 3],
    ["mulaw", 8_000, 1, 7],
    ["mulaw", 48_000, 2, 7],
  ])("is what was sent, byte by byte: %s at %i Hz with %i channels", async ([encoding, sample_rate, channels, tag]) => {
    const frameSamples = Math.ceil(sample_rate / 50);
    const gap = 1_111;
    const frames = Array.from({ length: 60 }, (_, index): WireAudioFrame => {
      const position = 77 + index * frameSamples + (index < 30 ? 0 : gap);
      const sampleCount = index === 59 ? 3 : frameSamples;
      const flags = index === 30 ? AudioFrameFlag.gap : index % 7 === 3 ? AudioFrameFlag.muted : 0;
      return { flags, position, sampleCount, payload: payloadOf(encoding, position, sampleCount * channels) };
    });
    const wav = await record({ encoding, sample_rate, channels }, frames);
    const bytes = bytesPerSample(encoding) ?? 0;
    const samples = 59 * frameSamples + 3 + gap;
    expect(wav).toMatchObject({ tag, channels, sampleRate: sample_rate, bits: 8 * bytes });
    expect(wav.fact).toBe(tag === 1 ? undefined : samples);
    const silence = Buffer.alloc(gap * channels * bytes, encoding === "mulaw" ? 0xff : 0);
    const payloads = frames.map(({ payload }) => payload);
    const expected = Buffer.concat([...payloads.slice(0, 30), silence, ...payloads.slice(30)]);
    expect(wav.data.byteLength).toBe(samples * channels * bytes);
    expect(Buffer.compare(wav.data, expected)).toBe(0);
  });

  it("is what Opus packets decode to, each sample at its position, and silence where there was none", async () => {
    const frames = sweepFrames().map((frame, index, all) => {
      const before = all[index - 1];
      const isGap = before !== undefined && endOf(before) < frame.position;
      return isGap ? { ...frame, flags: frame.flags | AudioFrameFlag.gap } : frame;
    });
    const wav = await record(OPUS, frames);
    expect(wav).toMatchObject({ tag: 1, channels: 1, sampleRate: SWEEP_RATE, bits: 16 });
    const samples = samplesOf(wav);
    const [[from, to], [again, end]] = SWEEP_RUNS;
    expect(samples).toHaveLength(end - from);
    expect(sweepSnrDb(samples.slice(0, to - from), from)).toBeGreaterThan(30);
    expect(sweepSnrDb(samples.slice(1, to - from), from)).toBeLessThan(20);
    expect(samples.slice(to - from, again - from).every((sample) => sample === 0)).toBe(true);
  });

  it("is whole where the connection breaks between packets, and where a packet is sent again", async () => {
    const frames = sweepFrames().slice(0, -1);
    const client = await connect(OPUS, frames[0]?.position ?? 0);
    await client.until("session.new");
    for (const frame of frames.slice(0, 10)) put(client, frame);
    await client.untilAcknowledged(endOf(frames[9] as WireAudioFrame));
    const { epoch } = client.messages("session.new")[0]?.data ?? { epoch: 0 };
    const token = client.messages("server.welcome")[0]?.data.resume_window.token;
    client.socket.terminate();
    const { sessionId, clientId } = client;
    const second = await RawClient.connect(backend.webSocketUrl, { sessionId, clientId });
    second.send("session.resume", {
      ...{ agent: "test", accept: ["audio/1"], ack_mode: "cumulative", max_in_flight: 64 },
      ...{ session_id: sessionId, client_id: clientId, attempt: 2, last_seq: 0, epoch, resume_token: token },
      audio: { ...OPUS, first: frames[0]?.position ?? 0, next: 8_357 },
    });
    await second.until("session.ack");
    for (const frame of frames.slice(5)) put(second, frame);
    second.send("client.end", { position: 8_357 });
    await second.until("session.end");
    second.socket.close(1000);
    const samples = samplesOf(await recordingOf(second));
    expect(samples).toHaveLength(8_357 - 320);
    expect(sweepSnrDb(samples, 320)).toBeGreaterThan(30);
  });
});

describe("a client is turned away", () => {
  it.for<[string, Format]>([
    ["Opus at a rate that it does not know", { encoding: "opus", sample_rate: 44_100, channels: 1 }],
    ["a rate beyond 48 kHz", { encoding: "pcm_s16le", sample_rate: 96_000, channels: 1 }],
  ])("as unsupported that offers %s", async ([, format]) => {
    const client = await connect(format, 0);
    expect((await client.untilClosed()).code).toBe(4406);
    expect(client.messages("server.error")[0]?.data.code).toBe("unsupported_format");
  });

  const [good] = sweepFrames();
  it.for<[string, Partial<WireAudioFrame>, reason: string]>([
    ["more samples than the packet has", { sampleCount: 321 }, "must not be said to have 321"],
    ["no sample that the packet could have", { sampleCount: 65_535 }, "must not be said to have 65535"],
    ["a packet of 80 ms", { payload: Uint8Array.of(0x4b, 4, 1, 2, 3, 4) }, "is of 80 ms"],
    ["a packet that is longer than any", { payload: new Uint8Array(3_841) }, "at most 3840 bytes"],
    ["bytes that are no packet", { payload: Uint8Array.of(0x49, 1) }, "must be one Opus packet"],
  ])("that sends %s", async ([, change, reason], { expect }) => {
    const client = await connect(OPUS, 320);
    await client.until("session.new");
    put(client, { ...(good as WireAudioFrame), ...change });
    expect(await client.untilClosed()).toMatchObject({ code: 4400, reason: expect.stringContaining(reason) });
    expect(client.messages("server.error")[0]?.data.code).toBe("invalid_message");
  });

  it("that restarts a codec where there is none", async () => {
    const client = await connect({ encoding: "mulaw", sample_rate: 8_000, channels: 1 }, 0);
    await client.until("session.new");
    put(client, { flags: AudioFrameFlag.restart, position: 0, sampleCount: 2, payload: Uint8Array.of(1, 2) });
    expect((await client.untilClosed()).code).toBe(4400);
  });

  it("is not one whose packets are noise: whatever they decode to is kept, and nothing else suffers", async () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed;
    };
    const frames = Array.from({ length: 200 }, (_, index): WireAudioFrame => {
      const payload = Uint8Array.from({ length: 2 + (random() % 200) }, () => random() % 256);
      // One frame of 20 ms, by any of the three codecs.
      payload[0] = ([9, 13, 23][index % 3] ?? 0) << 3;
      const flags = index % 20 === 0 ? AudioFrameFlag.restart : 0;
      return { flags, position: index * 320, sampleCount: 320, payload };
    });
    expect((await record(OPUS, frames)).data.byteLength).toBe(2 * 200 * 320);
  });
});
