import type { TimelinePoint } from "./timeline-points.js";

type Point = Pick<TimelinePoint, "position" | "timestamp">;

/** Audio without a break, by points in order of both clocks. */
interface Run {
  readonly points: Point[];
}

/** Beyond it every other point goes, but for a run's ends. They are so few that a stream has all its memory after some minutes. */
const MAX_POINTS = 256;
const MAX_RUNS = 1_024;
/** Before so much of a run was heard, the jitter of the timestamps hides the drift. */
const DRIFT_AFTER_MS = 10_000;

/**
 * Ties the sample clock to the page's: for each position, when it was captured. Gaps and pauses break the tie and begin a
 * run of their own; within a run the two clocks drift apart, which is measured.
 */
export class Timeline {
  readonly #samplesPerMs: number;
  readonly #runs: Run[] = [];

  constructor(sampleRate: number) {
    this.#samplesPerMs = sampleRate / 1_000;
  }

  add({ begins, ...point }: TimelinePoint): void {
    const run = this.#runs.at(-1);
    if (begins || run === undefined) {
      this.#runs.push({ points: [point] });
      if (this.#runs.length > MAX_RUNS) this.#runs.shift();
      return;
    }
    run.points.push(point);
    if (run.points.length > MAX_POINTS) thin(run.points);
  }

  /**
   * When the sample at `position` was captured, on the `performance.now()` clock; positions beyond the newest are foretold.
   * `undefined` before the first frame, and for what is older than the runs remembered.
   */
  toPageTime(position: number): number | undefined {
    const run = this.#runs.findLast(({ points }) => (points[0]?.position ?? Infinity) <= position);
    if (run === undefined) return undefined;
    const { points } = run;
    const after = points.findIndex((point) => point.position > position);
    const known = after === -1 ? points.at(-1) : points[after - 1];
    if (known === undefined) return undefined;
    const next = points[after];
    const msPerSample =
      next === undefined
        ? this.#msPerSample(run)
        : (next.timestamp - known.timestamp) / (next.position - known.position);
    return known.timestamp + (position - known.position) * msPerSample;
  }

  /**
   * How much faster than its nominal rate the device captures, measured by the page's clock, in millionths; `undefined`
   * until the current run is ten seconds long.
   */
  get driftPpm(): number | undefined {
    const run = this.#runs.at(-1);
    const ms = run && slope(run.points);
    return ms === undefined ? undefined : (1 / (ms * this.#samplesPerMs) - 1) * 1e6;
  }

  #msPerSample(run: Run): number {
    return slope(run.points) ?? 1 / this.#samplesPerMs;
  }
}

/** Milliseconds per sample over all points, by least squares; `undefined` for a short run. */
function slope(points: readonly Point[]): number | undefined {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || last.timestamp - first.timestamp < DRIFT_AFTER_MS) return undefined;
  let x = 0;
  let y = 0;
  for (const { position, timestamp } of points) {
    x += position - first.position;
    y += timestamp - first.timestamp;
  }
  x /= points.length;
  y /= points.length;
  let xy = 0;
  let xx = 0;
  for (const { position, timestamp } of points) {
    const dx = position - first.position - x;
    xy += dx * (timestamp - first.timestamp - y);
    xx += dx * dx;
  }
  return xy / xx;
}

/** Leaves out every other point, never the first or the last. */
function thin(points: Point[]): void {
  const kept = points.filter((_, index) => index % 2 === 0 || index === points.length - 1);
  points.splice(0, points.length, ...kept);
}
