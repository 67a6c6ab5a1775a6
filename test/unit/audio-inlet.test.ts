import { describe, expect, it } from "vitest";
import { AudioInlet } from "../../examples/server/protocol/audio-inlet.js";
import { AudioFrameFlag, encodeAudioFrame } from "../../src/protocol/audio-frame.js";
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
