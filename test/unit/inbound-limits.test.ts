import { encodeAudioFrame } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { FrameBudget } from "../../examples/server/door/frame-budget.js";
import { InboundPace } from "../../examples/server/door/inbound-pace.js";

/** How many messages are taken before one has to wait. */
function takenAt(pace: InboundPace, now: number, bytes = 1): number {
  let taken = 0;
  while (taken < 10_000 && pace.take(bytes, now)) taken += 1;
  return taken;
}

describe("the pace of a client's messages", () => {
  it("is a second's worth at once, and what time brings from there on, never more than a second's", () => {
    const pace = new InboundPace({ messagesPerSec: 100, bytesPerSec: 1_000_000 }, 0);
    expect(takenAt(pace, 0)).toBe(100);
    expect(takenAt(pace, 500)).toBe(50);
    expect(takenAt(pace, 3_600_000)).toBe(100);
  });

  it("counts bytes as well, and takes a message whole that is larger than what is left", () => {
    const pace = new InboundPace({ messagesPerSec: 100, bytesPerSec: 1_000 }, 0);
    expect(takenAt(pace, 0, 400)).toBe(3);
    expect(takenAt(pace, 200, 400)).toBe(0);
    expect(takenAt(pace, 201, 400)).toBe(1);
  });

  it("does not fall behind because a clock went back", () => {
    const pace = new InboundPace({ messagesPerSec: 100, bytesPerSec: 1_000_000 }, 10_000);
    expect(takenAt(pace, 0)).toBe(100);
    expect(takenAt(pace, 1_000)).toBe(100);
  });
});

describe("the budget of frames", () => {
  const frame = (sampleCount: number, flags = 0): Uint8Array =>
    encodeAudioFrame({ flags, position: 0, sampleCount, payload: new Uint8Array(2 * sampleCount) });
  const takenOf = (budget: FrameBudget, message: Uint8Array): number => {
    let taken = 0;
    while (taken < 100_000 && budget.take(message)) taken += 1;
    return taken;
  };

  it.each([40, 160, 320, 65_535])("has room for any number of frames of %i samples, gaps too", (samples) => {
    const budget = new FrameBudget();
    expect(takenOf(budget, frame(samples))).toBe(100_000);
    expect(takenOf(budget, frame(samples, 1))).toBe(100_000);
  });

  it("ends with two thousand frames of one sample, whatever audio came before", () => {
    const budget = new FrameBudget();
    takenOf(budget, frame(65_535));
    const taken = takenOf(budget, frame(1));
    expect(taken).toBeGreaterThan(2_000);
    expect(taken).toBeLessThan(2_100);
  });

  it("leaves what is no frame to others", () => {
    expect(takenOf(new FrameBudget(), new Uint8Array(12))).toBe(100_000);
    expect(takenOf(new FrameBudget(), new Uint8Array(100).fill(7))).toBe(100_000);
  });
});
