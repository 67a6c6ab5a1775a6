import { describe, expect, it } from "vitest";
import { type Advice, SignalAdviser } from "../../src/frames/signal-adviser.js";
import { AudioFrameFlag } from "../../src/protocol/audio-frame.js";

const FRAME_MS = 20;

/** Hears `durationMs` of frames of one level. */
function hear(adviser: SignalAdviser, durationMs: number, peakLevel: number, muted = false): Advice[] {
  const advice: Advice[] = [];
  for (let heard = 0; heard < durationMs; heard += FRAME_MS) {
    const told = adviser.push({
      payload: new Uint8Array(0),
      position: 0,
      sampleCount: 320,
      timestamp: 0,
      peakLevel,
      rmsLevel: peakLevel,
      flags: muted ? AudioFrameFlag.muted : 0,
    });
    if (told !== undefined) advice.push(told);
  }
  return advice;
}

// livekit/client-sdk-js#584
describe("a microphone that seems dead", () => {
  it("is told of once, after five seconds in which it was never heard", () => {
    const adviser = new SignalAdviser(16_000);
    expect(hear(adviser, 4_980, 0)).toEqual([]);
    expect(hear(adviser, 60_000, 0)).toEqual([{ kind: "silent", silentMs: 5_000 }]);
  });

  it("is one whose noise nobody could hear, too", () => {
    expect(hear(new SignalAdviser(16_000), 6_000, 5e-5)).toHaveLength(1);
  });

  it("is not one in a quiet room, nor one whose speaker thinks for a while", () => {
    const adviser = new SignalAdviser(16_000);
    expect(hear(adviser, 120_000, 3e-4)).toEqual([]);
    expect(hear(adviser, 1_000, 0.2)).toEqual([]);
    // Noise suppression leaves a trace of sound.
    expect(hear(adviser, 120_000, 2e-5)).toEqual([]);
  });

  it("may fall silent later, and is told of again after it was heard in between", () => {
    const adviser = new SignalAdviser(16_000);
    hear(adviser, 1_000, 0.2);
    expect(hear(adviser, 14_980, 0)).toEqual([]);
    expect(hear(adviser, 20_000, 0)).toEqual([{ kind: "silent", silentMs: 15_000 }]);
    hear(adviser, 1_000, 0.2);
    expect(hear(adviser, 20_000, 0)).toHaveLength(1);
  });

  it("is not one that is muted on purpose", () => {
    expect(hear(new SignalAdviser(16_000), 60_000, 0, true)).toEqual([]);
  });

  it("is judged anew when it is another one", () => {
    const adviser = new SignalAdviser(16_000);
    hear(adviser, 1_000, 0.2);
    adviser.reset();
    expect(hear(adviser, 6_000, 0)).toEqual([{ kind: "silent", silentMs: 5_000 }]);
  });
});

describe("a microphone that is too loud", () => {
  it("is told of when a tenth of two seconds reaches full scale, and not again for half a minute", () => {
    const adviser = new SignalAdviser(16_000);
    expect(hear(adviser, 180, 1)).toEqual([]);
    expect(hear(adviser, 20_000, 1)).toEqual([{ kind: "clipped", clippedMs: 200 }]);
    expect(hear(adviser, 12_000, 1.2)).toHaveLength(1);
  });

  it("is not one that was knocked at", () => {
    const adviser = new SignalAdviser(16_000);
    for (let second = 0; second < 60; second += 1) {
      expect(hear(adviser, 40, 1)).toEqual([]);
      expect(hear(adviser, 960, 0.3)).toEqual([]);
    }
  });
});
