import { describe, expect, it } from "vitest";
import { DEFAULTS } from "../../src/stream/options/defaults.js";

describe("the defaults", () => {
  it("are frozen at every depth", () => {
    const objects = [DEFAULTS, ...Object.values(DEFAULTS).filter((value) => typeof value === "object")];
    expect(objects.length).toBeGreaterThan(4);
    for (const object of objects) expect(Object.isFrozen(object)).toBe(true);
  });

  it("carry their unit in the name of every number that has one", () => {
    const unitless = ["sampleRate", "channelCount", "factor", "maxAttempts", "jitterRatio"];
    const numbers = [DEFAULTS, ...Object.values(DEFAULTS).filter((value) => typeof value === "object")].flatMap(
      (group) => Object.entries(group).flatMap(([name, value]) => (typeof value === "number" ? [name] : [])),
    );
    expect(numbers.length).toBeGreaterThan(10);
    expect(numbers.filter((name) => !/(?:Ms|Bytes)$/.test(name) && !unitless.includes(name))).toEqual([]);
  });

  it("make frames of a whole number of samples at the rates in use", () => {
    for (const sampleRate of [8_000, DEFAULTS.sampleRate, 24_000, 48_000]) {
      expect(Number.isInteger((sampleRate * DEFAULTS.frameDurationMs) / 1_000)).toBe(true);
    }
  });

  it("hold the replay buffer's whole time in its bytes", () => {
    const bytes = (DEFAULTS.replay.maxDurationMs / 1_000) * DEFAULTS.sampleRate * 2;
    expect(bytes).toBeLessThanOrEqual(DEFAULTS.replay.maxBytes);
  });
});
