import { describe, expect, it } from "vitest";
import { isMuted, MuteSwitch } from "../../src/frames/mute-switch.js";
import { AudioFrameFlag } from "../../src/protocol/audio-frame.js";

const frame = (timestamp: number) => ({
  payload: Uint8Array.of(1, 2, 3, 4),
  position: 0,
  sampleCount: 2,
  timestamp,
  peakLevel: 0.5,
  rmsLevel: 0.3,
  flags: 0,
});

function apply(mute: MuteSwitch, timestamp: number) {
  const marked = frame(timestamp);
  mute.apply(marked);
  return marked;
}

describe("being muted", () => {
  it("makes frames silent, says so, and lets no level through", () => {
    const mute = new MuteSwitch("pcm_s16le");
    mute.set(true, 100);
    const { payload, ...marked } = apply(mute, 120);
    expect({ payload: [...payload], ...marked }).toMatchObject({
      payload: [0, 0, 0, 0],
      flags: AudioFrameFlag.muted,
      peakLevel: 0,
      rmsLevel: 0,
      mutedPeakLevel: 0.5,
    });
  });

  it("leaves everything else as it is", () => {
    const mute = new MuteSwitch("pcm_s16le");
    expect(apply(mute, 1)).toEqual(frame(1));
  });

  it("covers what was captured before the unmuting and comes after it", () => {
    const mute = new MuteSwitch("pcm_f32le");
    mute.set(true, 100);
    mute.set(false, 200);
    expect(isMuted(apply(mute, 199))).toBe(true);
    expect(isMuted(apply(mute, 200))).toBe(false);
  });

  it("is not lengthened by an unmuting that changes nothing", () => {
    const mute = new MuteSwitch("pcm_s16le");
    mute.set(false, 500);
    expect(isMuted(apply(mute, 400))).toBe(false);
  });

  it("is silence in µ-law as well, whose zero is loud", () => {
    const mute = new MuteSwitch("mulaw");
    mute.set(true, 0);
    expect([...apply(mute, 1).payload]).toEqual([0xff, 0xff, 0xff, 0xff]);
  });
});
