/** How a figure developed over time. */
export interface Trend {
  /** Growth per unit of time: the median of the slopes between all pairs, which no single spike can move. */
  readonly slope: number;
  /** From −1, when it always fell, over 0, when it only varied, to 1, when it always grew. */
  readonly steadiness: number;
  /** How many standard deviations the steadiness is from what chance gives; few points can never make it large. */
  readonly significance: number;
  /** What the slope makes over the whole time. */
  readonly growth: number;
}

/** Theil and Sen's slope with Kendall's tau. @throws RangeError for fewer than three points. */
export function trendOf(points: readonly (readonly [at: number, value: number])[]): Trend {
  const [first, last] = [points[0], points.at(-1)];
  if (points.length < 3 || first === undefined || last === undefined) {
    throw new RangeError(`A trend takes three points or more, and there are ${points.length}.`);
  }
  const slopes: number[] = [];
  let rises = 0;
  for (const [index, [at, value]] of points.entries()) {
    for (const [laterAt, laterValue] of points.slice(index + 1)) {
      slopes.push((laterValue - value) / (laterAt - at));
      rises += Math.sign(laterValue - value);
    }
  }
  slopes.sort((a, b) => a - b);
  const middle = slopes.length / 2;
  const slope = ((slopes[Math.ceil(middle) - 1] ?? 0) + (slopes[Math.floor(middle)] ?? 0)) / 2;
  const steadiness = rises / slopes.length;
  const count = points.length;
  const significance = steadiness / Math.sqrt((2 * (2 * count + 5)) / (9 * count * (count - 1)));
  return { slope, steadiness, significance, growth: slope * (last[0] - first[0]) };
}

/** Whether a figure climbs: steadily, not by chance, and by more than is tolerated over the whole time. */
export const climbs = (trend: Trend, tolerated: number): boolean =>
  trend.steadiness > 0.5 && trend.significance > 3 && trend.growth > tolerated;
