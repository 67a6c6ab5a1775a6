import { describe, expect, it } from "vitest";
import { AudioInlet, type FrameDecoder } from "../../examples/server/protocol/audio-inlet.js";
import { AudioFrameFlag, decodeAudioFrame, encodeAudioFrame } from "../../src/protocol/audio-frame.js";
import { ShapeError } from "../../src/protocol/shape.js";

const RATE = 16_000;
const FRAME = 1_600;
const WINDOW = 10 * RATE;

const offer = { encoding: "pcm_s16le", sample_rate: RATE, channels: 1, first: 0, next: 0 } as const;

const frame = (position: number, flags = 0) =>
  encodeAudioFrame({ flags, position, sampleCount: FRAME, payload: new Uint8Array(2 * FRAME) });

describe("AudioInlet", () => {
  // k2-fsa/sherpa-onnx#1363, field report 69
  it("takes an hour of audio in no time at all, as long as each frame is kept before the window is full", () => {
    const inlet = new AudioInlet({ offer, windowSamples: WINDOW });
    const end = 3_600 * RATE;
    for (let position = 0; position < end; position += FRAME) {
      expect(inlet.take(frame(position)).type).toBe("append");
      inlet.keep(position + FRAME);
    }
    expect(inlet.expected).toBe(end);
  });

  it("refuses what is more than its window holds, counted in samples that are not kept yet", () => {
    const inlet = new AudioInlet({ offer, windowSamples: WINDOW });
    for (let position = 0; position < WINDOW; position += FRAME) inlet.take(frame(position));
    expect(() => inlet.take(frame(WINDOW))).toThrow(ShapeError);
    inlet.keep(FRAME);
    expect(inlet.take(frame(WINDOW)).type).toBe("append");
  });

  // k2-fsa/sherpa-onnx#1363, field report 69
  it("takes a declared gap of any length, which uses none of the window", () => {
    const inlet = new AudioInlet({ offer, windowSamples: FRAME });
    expect(inlet.take(frame(0)).type).toBe("append");
    inlet.keep(FRAME);
    const dayLater = 24 * 3_600 * RATE;
    expect(inlet.take(frame(dayLater, AudioFrameFlag.gap)).type).toBe("append");
    expect(inlet.expected).toBe(dayLater + FRAME);
  });

  it("asks once for what is missing when a frame lies ahead and declares no gap", () => {
    const inlet = new AudioInlet({ offer, windowSamples: WINDOW });
    expect(inlet.take(frame(5 * FRAME))).toEqual({ type: "resync", position: 0 });
    expect(inlet.take(frame(6 * FRAME))).toEqual({ type: "await-resync" });
    expect(inlet.take(frame(0)).type).toBe("append");
  });
});

describe("the short lane for audio that is expected next", () => {
  const inlet = (more: Partial<ConstructorParameters<typeof AudioInlet>[0]> = {}) =>
    new AudioInlet({ offer, windowSamples: WINDOW, ...more });

  it("takes a frame that begins where the last one ended, as a view of its bytes", () => {
    for (const position of [0, 2 ** 32 - 7, 2 ** 52 + 3]) {
      const lane = inlet({ offer: { ...offer, first: position } });
      const bytes = frame(position);
      const taken = lane.takeExpected(bytes);
      expect(taken).toEqual(decodeAudioFrame(bytes, offer));
      expect(taken?.payload.buffer).toBe(bytes.buffer);
      expect([lane.expected, lane.kept]).toEqual([position + FRAME, position]);
      expect(lane.takeExpected(frame(position + FRAME, AudioFrameFlag.muted))?.flags).toBe(AudioFrameFlag.muted);
    }
  });

  it("leaves everything else to the full examination, and changes nothing", () => {
    const lane = inlet();
    const changed = (at: number, value: number) => {
      const bytes = frame(0);
      bytes[at] = value;
      return bytes;
    };
    const others = [
      new Uint8Array(0),
      frame(0).subarray(0, 12),
      frame(0).subarray(0, -1),
      changed(0, 2),
      changed(1, 16),
      changed(1, AudioFrameFlag.gap),
      changed(2, 1),
      changed(4, 1),
      changed(9, 1),
      changed(11, 255),
      frame(FRAME),
    ];
    for (const bytes of others) expect(lane.takeExpected(bytes)).toBeUndefined();
    expect([lane.expected, lane.awaited]).toEqual([0, undefined]);
    expect(lane.takeExpected(frame(0))).toBeDefined();
    expect(lane.takeExpected(frame(0))).toBeUndefined();
  });

  it("is closed after the end, for what has to be decoded, and while the window is full", () => {
    const ended = inlet();
    ended.close();
    expect(ended.takeExpected(frame(0))).toBeUndefined();
    const decoder: FrameDecoder = { prepare: () => true, decode: (given) => given };
    expect(inlet({ decoder }).takeExpected(frame(0))).toBeUndefined();
    const full = inlet({ windowSamples: 2 * FRAME });
    expect(full.takeExpected(frame(0))).toBeDefined();
    expect(full.takeExpected(frame(FRAME))).toBeDefined();
    expect(full.takeExpected(frame(2 * FRAME))).toBeUndefined();
    full.keep(FRAME);
    expect(full.takeExpected(frame(2 * FRAME))).toBeDefined();
  });

  it("takes what was asked for, which is then awaited no more", () => {
    const lane = inlet();
    lane.take(frame(5 * FRAME));
    expect(lane.awaited).toBe(0);
    expect(lane.takeExpected(frame(0))).toBeDefined();
    expect(lane.awaited).toBeUndefined();
  });
});
