import { describe, expect, it } from "vitest";
import { Rng } from "../simulation/rng.js";
import { climbs, trendOf } from "../soak/trend.js";

/** Values a unit of time apart. */
const points = (values: readonly number[]) => values.map((value, at) => [at, value] as const);

describe("a trend", () => {
  it("of a straight line is its slope", () => {
    expect(trendOf(points([1, 3, 5, 7]))).toMatchObject({ slope: 2, steadiness: 1, growth: 6 });
    expect(trendOf(points([7, 5, 3]))).toMatchObject({ slope: -2, steadiness: -1, growth: -4 });
    expect(trendOf(points([4, 4, 4, 4]))).toMatchObject({ slope: 0, steadiness: 0, growth: 0 });
  });

  it("is not moved by spikes", () => {
    expect(trendOf(points([5, 5, 900, 5, 5, 5, 5, 900, 5])).slope).toBe(0);
  });

  it("is found in noise, and not made of it", () => {
    const rng = new Rng(1);
    for (let round = 0; round < 200; round += 1) {
      const noise = Array.from({ length: 18 }, () => rng.between(-10, 10));
      expect(climbs(trendOf(points(noise)), 10)).toBe(false);
      const leak = noise.map((value, at) => value + 4 * at);
      expect(climbs(trendOf(points(leak)), 10)).toBe(true);
    }
  });

  it("is not found in a few points, however they lie", () => {
    expect(climbs(trendOf(points([0, 100, 200, 300, 400])), 10)).toBe(false);
    expect(climbs(trendOf(points([0, 100, 200, 300, 400, 500, 600, 700])), 10)).toBe(true);
  });

  it("takes three points", () => {
    expect(() => trendOf(points([1, 2]))).toThrow(RangeError);
  });
});
