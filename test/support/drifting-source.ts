import type { SideFrame } from "../../src/mix/mix-side.js";

/** What a source of a simulated device does. */
export interface DriftingSourceOptions {
  /** Nominal, in Hz. */
  readonly sampleRate: number;
  /** By how many millionths its clock is fast. */
  readonly driftPpm?: number;
  readonly frameDurationMs?: number;
  /** @defaultValue 0 */
  readonly firstPosition?: number;
  /** When its first sample is heard, in milliseconds on the page's clock. */
  readonly beginsAt?: number;
  /** How late its times are read, at most, in milliseconds. */
  readonly jitterMs?: number;
  /** How long after its last sample a frame comes, in milliseconds. */
  readonly delayMs?: number;
  /** Breaks in which the device hears nothing, in milliseconds on the page's clock. */
  readonly breaks?: readonly (readonly [from: number, to: number])[];
  readonly random: () => number;
  /** @param time in milliseconds on the page's clock. */
  sound(time: number): number;
}

/** A frame and when it comes, in milliseconds on the page's clock. */
export interface ArrivingFrame extends SideFrame {
  readonly arrival: number;
}

/** Frames of a device whose clock is not the page's. */
export function* driftingSource(options: DriftingSourceOptions): Generator<ArrivingFrame> {
  const { sampleRate, driftPpm = 0, frameDurationMs = 20, beginsAt = 0, jitterMs = 0, delayMs = 5 } = options;
  const { breaks = [], firstPosition = 0, random, sound } = options;
  const length = Math.round((sampleRate * frameDurationMs) / 1_000);
  const samplesPerMs = (sampleRate * (1 + driftPpm * 1e-6)) / 1_000;
  let begin = beginsAt;
  let elapsed = 0;
  let position = firstPosition;
  let broken = 0;
  for (;;) {
    const first = begin + elapsed / samplesPerMs;
    const end = first + length / samplesPerMs;
    const pause = breaks[broken];
    if (pause !== undefined && end > pause[0]) {
      // It was heard so far; the page's clock says how long the break was, as the capture does.
      const resumed = pause[1];
      position += Math.round(((resumed - first) * sampleRate) / 1_000);
      begin = resumed;
      elapsed = 0;
      broken += 1;
      continue;
    }
    const samples = Float32Array.from({ length }, (_, index) => sound(begin + (elapsed + index) / samplesPerMs));
    // Of the smallest offsets of two windows, as the clock of an audio context is read: mostly near the truth.
    const late = jitterMs * random() ** 3;
    yield { samples, position, timestamp: first + late, arrival: end + delayMs + jitterMs * random() };
    position += length;
    elapsed += length;
  }
}

/** The frames of two sources in the order in which they come, until a time in milliseconds. */
export function* together(
  sources: Readonly<Record<"left" | "right", Generator<ArrivingFrame>>>,
  until: number,
): Generator<{ readonly side: "left" | "right"; readonly frame: ArrivingFrame }> {
  const next = { left: sources.left.next().value, right: sources.right.next().value };
  for (;;) {
    const side = next.left.arrival <= next.right.arrival ? "left" : "right";
    const frame: ArrivingFrame = next[side];
    if (frame.arrival > until) return;
    yield { side, frame };
    next[side] = sources[side].next().value;
  }
}

/** A short pulse that survives resampling: a raised cosine of so many milliseconds on either side of its middle at 0. */
export function pulse(ms: number, width: number): number {
  return Math.abs(ms) < width ? 0.5 + 0.5 * Math.cos((Math.PI * ms) / width) : 0;
}
