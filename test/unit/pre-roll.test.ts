import { describe, expect, it } from "vitest";
import { PreRoll } from "../../src/frames/pre-roll.js";

const frame = (position: number, sampleCount = 10) => ({
  payload: new Uint8Array(2 * sampleCount),
  position,
  sampleCount,
  timestamp: position,
  peakLevel: 0,
  rmsLevel: 0,
  flags: 0,
});
const positions = (frames: readonly { position: number }[]) => frames.map(({ position }) => position);

describe("what is kept from before the start", () => {
  it("is the newest audio, in whole frames, and the stream begins with it", () => {
    const preRoll = new PreRoll<ReturnType<typeof frame>>(30);
    for (let at = 0; at < 100; at += 10) expect(preRoll.push(frame(at))).toBeUndefined();
    const kept = preRoll.start();
    expect(positions(kept)).toEqual([0, 10, 20]);
    expect(kept.map(({ timestamp }) => timestamp)).toEqual([70, 80, 90]);
    expect(preRoll.push(frame(100))?.position).toBe(30);
  });

  it("keeps its gaps", () => {
    const preRoll = new PreRoll<ReturnType<typeof frame>>(100);
    preRoll.push(frame(40));
    preRoll.push(frame(70));
    expect(positions(preRoll.start())).toEqual([0, 30]);
    expect(preRoll.push(frame(95))?.position).toBe(55);
  });

  it("is nothing where nothing is wanted, and the stream begins with the next frame", () => {
    const preRoll = new PreRoll<ReturnType<typeof frame>>(0);
    preRoll.push(frame(0));
    expect(preRoll.start()).toEqual([]);
    expect(preRoll.push(frame(10))?.position).toBe(0);
  });

  it("is missing if another one had kept it, as far as it would still be kept, and the stream begins with what is missing", () => {
    const preRoll = new PreRoll<ReturnType<typeof frame>>(30);
    preRoll.miss({ from: 5, to: 95 });
    preRoll.push(frame(95));
    expect(preRoll.missing).toEqual({ from: 75, to: 95 });
    expect(positions(preRoll.start())).toEqual([20]);
    expect(preRoll.push(frame(105))?.position).toBe(30);
  });

  it("is not missing if as much was kept since, or if the stream had begun before", () => {
    const preRoll = new PreRoll<ReturnType<typeof frame>>(30);
    preRoll.miss({ from: 5, to: 95 });
    for (let at = 95; at < 125; at += 10) preRoll.push(frame(at));
    expect(preRoll.missing).toBeUndefined();
    expect(positions(preRoll.start())).toEqual([0, 10, 20]);
  });

  it("is not there when the source opens with the start, whose positions stay as they are", () => {
    const preRoll = new PreRoll<ReturnType<typeof frame>>(100);
    expect(preRoll.start()).toEqual([]);
    expect(preRoll.push(frame(0))).toEqual(frame(0));
    expect(preRoll.push(frame(10))).toEqual(frame(10));
  });
});
