import { describe, expect, it } from "vitest";
import { MuteSwitch } from "../../src/frames/mute-switch.js";

const frame = (timestamp: number) => ({
  payload: Uint8Array.of(1, 2, 3, 4),
  position: 0,
  sampleCount: 2,
  timestamp,
  peakLevel: 0.5,
  rmsLevel: 0.3,
});

describe("being muted", () => {
  it("makes frames silent, says so, and lets no level through", () => {
    const mute = new MuteSwitch("pcm_s16le");
    mute.set(true, 100);
    const { payload, muted, peakLevel, rmsLevel } = mute.apply(frame(120));
    expect({ payload: [...payload], muted, peakLevel, rmsLevel }).toEqual({
      payload: [0, 0, 0, 0],
      muted: true,
      peakLevel: 0,
      rmsLevel: 0,
    });
  });

  it("leaves everything else as it is", () => {
    const mute = new MuteSwitch("pcm_s16le");
    expect(mute.apply(frame(1))).toEqual({ ...frame(1), muted: false });
  });

  it("covers what was captured before the unmuting and comes after it", () => {
    const mute = new MuteSwitch("pcm_f32le");
    mute.set(true, 100);
    mute.set(false, 200);
    expect(mute.apply(frame(199)).muted).toBe(true);
    expect(mute.apply(frame(200)).muted).toBe(false);
  });

  it("is not lengthened by an unmuting that changes nothing", () => {
    const mute = new MuteSwitch("pcm_s16le");
    mute.set(false, 500);
    expect(mute.apply(frame(400)).muted).toBe(false);
  });

  it("is silence in µ-law as well, whose zero is loud", () => {
    const mute = new MuteSwitch("mulaw");
    mute.set(true, 0);
    expect([...mute.apply(frame(1)).payload]).toEqual([0xff, 0xff, 0xff, 0xff]);
  });
});
