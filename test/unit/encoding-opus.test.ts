import fc from "fast-check";
import { AudioFrameFlag } from "loquilex/protocol";
import { describe, expect, it, vi } from "vitest";
import type { AudioFormat } from "../../src/capture/source.js";
import type { AudioStreamError } from "../../src/errors.js";
import { OpusEncoder, type OpusFrame, type SampleFrame } from "../../src/frames/opus/opus-encoder.js";
import { OpusRun } from "../../src/frames/opus/opus-run.js";
import { isOpusSupported } from "../../src/frames/opus/opus-support.js";
import { fakeAudioEncoder } from "../support/fake-audio-encoder.js";

const FORMAT: AudioFormat = { encoding: "opus", sampleRate: 16_000, channelCount: 1 };
const SETTINGS = { frameDurationMs: 20 };
const PACKET = 320;
/** 312 samples at 48 kHz. */
const PRE_SKIP = 104;

/** Samples whose values are their positions. */
function samples(position: number, sampleCount: number, more: Partial<SampleFrame> = {}): SampleFrame {
  const values = Float32Array.from({ length: sampleCount }, (_, index) => position + index);
  const payload = new Uint8Array(values.buffer);
  return { payload, position, sampleCount, timestamp: 1_000 + position / 16, flags: 0, ...more };
}

function open(settings = SETTINGS, format = FORMAT) {
  const frames: OpusFrame[] = [];
  const errors: AudioStreamError[] = [];
  const encoder = new OpusEncoder(format, settings, {
    onFrame: (frame) => frames.push(frame),
    onError: (error) => errors.push(error),
  });
  return { encoder, frames, errors };
}

const rangeOf = ({ position, sampleCount }: OpusFrame): [number, number] => [position, position + sampleCount];
const settled = () => vi.waitFor(() => new Promise<void>((resolve) => setTimeout(resolve)));

describe("the run of an encoder", () => {
  /** What an encoder gives back whose packets are its input, late by the run-in. */
  function runThrough(start: number, pieces: readonly number[], packetSamples: number, preSkip: number) {
    const run = new OpusRun(start, { sampleRate: 48_000, channelCount: 1, packetSamples, preSkip });
    const input: number[] = [];
    const encode = (block: Uint8Array<ArrayBuffer>): void => {
      input.push(...new Float32Array(block.slice().buffer));
    };
    let next = start;
    for (const sampleCount of pieces) {
      run.push(samples(next, sampleCount), encode);
      next += sampleCount;
      expect(run.next).toBe(next);
    }
    run.finish(encode);
    expect(input.length % packetSamples).toBe(0);
    const output = [...new Array<number>(preSkip).fill(-1), ...input];
    const heard: number[] = [];
    for (let packet = 0; packet < input.length / packetSamples + 1; packet += 1) {
      const decoded = output.slice(packet * packetSamples, (packet + 1) * packetSamples);
      const frame = run.take(new Uint8Array(1));
      if (frame === undefined) continue;
      const isFirst = (frame.flags & AudioFrameFlag.restart) !== 0;
      expect(isFirst).toBe(packet === 0);
      const from = isFirst ? packetSamples - frame.sampleCount : 0;
      expect(frame.position).toBe(start + heard.length);
      heard.push(...decoded.slice(from, from + frame.sampleCount));
    }
    expect(run.isComplete).toBe(true);
    return heard;
  }

  it("gives back every sample once and in its place, whatever its length and that of its frames", () => {
    const sizes = fc.record({
      pieces: fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 30 }),
      packetSamples: fc.integer({ min: 2, max: 60 }),
      start: fc.integer({ min: 0, max: 1_000 }),
    });
    fc.assert(
      fc.property(sizes, fc.nat(), ({ pieces, packetSamples, start }, some) => {
        const total = pieces.reduce((sum, piece) => sum + piece, 0);
        const heard = runThrough(start, pieces, packetSamples, some % packetSamples);
        expect(heard).toEqual(Array.from({ length: total }, (_, index) => start + index));
      }),
      { numRuns: 500 },
    );
  });

  it("says when each packet's first sample was captured, and whether all of it is muted", () => {
    const run = new OpusRun(0, { sampleRate: 16_000, channelCount: 1, packetSamples: PACKET, preSkip: PRE_SKIP });
    const muted = [false, true, true, false];
    for (const [index, is] of muted.entries())
      run.push(samples(index * PACKET, PACKET, { flags: is ? AudioFrameFlag.muted : 0 }), () => {});
    run.finish(() => {});
    const packets = Array.from({ length: 5 }, () => run.take(new Uint8Array(1)));
    expect(packets.map((frame) => (frame?.flags ?? 0) & AudioFrameFlag.muted)).toEqual([0, 0, 2, 0, 0]);
    expect(packets.map((frame) => frame?.timestamp)).toEqual([1_000, 1_013.5, 1_033.5, 1_053.5, 1_073.5]);
  });
});

describe("the Opus encoder", () => {
  it("makes frames that are all that was pushed, and begins anew where something is missing", async () => {
    const fake = fakeAudioEncoder();
    const { encoder, frames, errors } = open();
    for (let position = 0; position < 1_600; position += PACKET) encoder.push(samples(position, PACKET));
    encoder.push(samples(5_000, 500));
    await encoder.flush();
    expect(frames.map(rangeOf)).toEqual([
      [0, 216],
      [216, 536],
      [536, 856],
      [856, 1_176],
      [1_176, 1_496],
      [1_496, 1_600],
      [5_000, 5_216],
      [5_216, 5_500],
    ]);
    expect(frames.map(({ flags }) => flags)).toEqual([8, 0, 0, 0, 0, 0, 8, 0]);
    expect(frames[0]).toMatchObject({ timestamp: 1_000, payload: Uint8Array.of(8, 2) });
    expect(errors).toEqual([]);
    encoder.close();
    expect(fake.all.map(({ state }) => state)).toEqual(["closed"]);
  });

  it("begins anew after a flush, and a flush of nothing changes nothing", async () => {
    fakeAudioEncoder();
    const { encoder, frames } = open();
    await encoder.flush();
    encoder.push(samples(0, 100));
    await encoder.flush();
    await encoder.flush();
    encoder.push(samples(100, 100));
    encoder.push(samples(200, 100));
    await Promise.all([encoder.flush(), encoder.flush()]);
    expect(frames.map(rangeOf)).toEqual([
      [0, 100],
      [100, 300],
    ]);
    expect(frames.map(({ flags }) => flags)).toEqual([8, 8]);
    encoder.close();
  });

  it("gives the encoder whole packets of interleaved floats with times that go on", async () => {
    const fake = fakeAudioEncoder();
    const { encoder, frames } = open(SETTINGS, { ...FORMAT, channelCount: 2 });
    const values = Float32Array.from({ length: 2 * 400 }, (_, index) => index);
    encoder.push({ ...samples(0, 400), payload: new Uint8Array(values.buffer) });
    await encoder.flush();
    const run = fake.all[0]?.runs[1];
    expect(run?.config).toMatchObject({
      codec: "opus",
      sampleRate: 16_000,
      numberOfChannels: 2,
      bitrate: 48_000,
      opus: { frameDuration: 20_000 },
    });
    const blocks = run?.blocks ?? [];
    expect(blocks.map(({ timestamp, numberOfFrames }) => [timestamp, numberOfFrames])).toEqual([
      [0, PACKET],
      [20_000, PACKET],
    ]);
    const given = Array.from(Buffer.concat(blocks.map(({ data }) => data)));
    const heard = new Float32Array(Uint8Array.from(given).buffer);
    expect(heard.subarray(0, 800)).toEqual(values);
    expect(heard.subarray(800).every((value) => value === 0)).toBe(true);
    expect(frames.at(-1)?.sampleCount).toBe(400 - 216);
    encoder.close();
  });

  it.each([
    [16_000, 24_000],
    [24_000, 32_000],
    [48_000, 32_000],
  ])("asks at %i Hz for %i bit/s a channel, unless told", async (sampleRate, bitrate) => {
    const fake = fakeAudioEncoder();
    const { encoder } = open(SETTINGS, { ...FORMAT, sampleRate });
    await encoder.flush();
    await settled();
    expect(fake.all[0]?.runs.at(-1)?.config.bitrate).toBe(bitrate);
    encoder.close();
    const told = open({ ...SETTINGS, bitrate: 9_000 } as typeof SETTINGS);
    await settled();
    expect(fake.all[1]?.runs.at(-1)?.config.bitrate).toBe(9_000);
    told.encoder.close();
  });

  it("lets go at once when it is closed, and gives out nothing afterwards", async () => {
    const fake = fakeAudioEncoder({ stalled: true });
    const { encoder, frames, errors } = open();
    encoder.push(samples(0, 3_200));
    const flushed = encoder.flush();
    encoder.close();
    expect(fake.all[0]?.state).toBe("closed");
    await flushed;
    fake.all[0]?.release();
    encoder.push(samples(3_200, 3_200));
    await encoder.flush();
    encoder.close();
    await settled();
    expect(frames).toEqual([]);
    expect(errors).toEqual([]);
  });

  it("tells a failure once, lets everybody go who waits, and takes nothing more", async () => {
    const fake = fakeAudioEncoder({ stalled: true });
    const { encoder, frames, errors } = open();
    encoder.push(samples(0, 3_200));
    const flushed = encoder.flush();
    fake.all[0]?.fail("The codec crashed.");
    await flushed;
    encoder.push(samples(3_200, 320));
    await settled();
    expect(errors.map(({ code, message }) => [code, message])).toEqual([
      ["encoder-failed", expect.stringContaining("The codec crashed.")],
    ]);
    expect(frames).toEqual([]);
  });

  it.each([
    ["does not say how long its run-in is", { preSkip: undefined }, "how many samples come before"],
    ["has a run-in longer than a packet", { preSkip: 960 }, "320 samples of nothing"],
    ["makes packets of another length", { config: 2 }, "a packet of 40 ms"],
  ])("fails rather than misplace a sample when the browser %s", async (_, behaviour, message) => {
    fakeAudioEncoder(behaviour);
    const { encoder, frames, errors } = open();
    encoder.push(samples(0, 640));
    await encoder.flush();
    expect(errors.map((error) => error.message)).toEqual([expect.stringContaining(message)]);
    expect(frames).toEqual([]);
  });

  it("fails when packets are missing", async () => {
    const fake = fakeAudioEncoder();
    const { encoder, errors } = open();
    await encoder.flush();
    await settled();
    fake.behaviour.swallow = 3;
    encoder.push(samples(0, 640));
    await encoder.flush();
    expect(errors.map((error) => error.message)).toEqual([expect.stringContaining("did not give back all")]);
  });

  it("fails when the encoder is half a minute behind, and takes a long pre-roll at once", () => {
    fakeAudioEncoder({ stalled: true });
    const { encoder, errors } = open();
    for (let position = 0; position < 29 * 16_000; position += 1_600) encoder.push(samples(position, 1_600));
    expect(errors).toEqual([]);
    encoder.push(samples(29 * 16_000, 16_001));
    expect(errors.map((error) => error.message)).toEqual([expect.stringContaining("30 seconds behind")]);
  });

  it("cannot be made where the browser has no encoder", () => {
    expect(() => open()).toThrow(expect.objectContaining({ code: "encoder-failed" }));
  });
});

describe("isOpusSupported()", () => {
  it("is false where there is no WebCodecs, and where the browser says so or fails", async () => {
    expect(await isOpusSupported(FORMAT, SETTINGS)).toBe(false);
    const fake = fakeAudioEncoder();
    expect(await isOpusSupported(FORMAT, SETTINGS)).toBe(true);
    fake.supported = false;
    expect(await isOpusSupported(FORMAT, SETTINGS)).toBe(false);
    fake.supported = "throws";
    expect(await isOpusSupported(FORMAT, SETTINGS)).toBe(false);
  });

  it.each([
    [{ sampleRate: 44_100 }, SETTINGS],
    [{ sampleRate: 16_000 }, { frameDurationMs: 5 }],
    [{ sampleRate: 16_000 }, { frameDurationMs: 30 }],
  ])("is false for %o and %o, which Opus has not", async (format, settings) => {
    fakeAudioEncoder();
    expect(await isOpusSupported({ ...FORMAT, ...format }, settings)).toBe(false);
  });
});
