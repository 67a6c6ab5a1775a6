import { describe, expect, it } from "vitest";
import type { AudioFrame } from "../../src/capture/source.js";
import { Mixer } from "../../src/mix/mixer.js";
import { Rng } from "../simulation/rng.js";
import {
  type ArrivingFrame,
  type DriftingSourceOptions,
  driftingSource,
  pulse,
  together,
} from "../support/drifting-source.js";
import { PulseFinder } from "../support/pulse-times.js";
import { sine } from "../support/signals.js";

const RATE = 8_000;
const FRAME_MS = 20;
/** Pulses are this far apart, in milliseconds. */
const PULSE_EVERY_MS = 1_000;
const HOUR_MS = 3_600_000;
const LATE_BREAKS = [
  [2_000_300, 2_000_700],
  [3_000_300, 3_060_700],
] as const;

/** Numbers by a seed, so that a failure can be run again. */
function seeded(seed: number): () => number {
  const rng = new Rng(seed);
  return () => rng.next();
}

/** Listens to a mixer: finds the pulses of each channel. */
class Listener {
  readonly rate: number;
  readonly left = new PulseFinder();
  readonly right = new PulseFinder();
  readonly gaps: { readonly from: number; readonly to: number }[] = [];
  readonly times: { readonly position: number; readonly timestamp: number }[] = [];
  next = 0;

  readonly mixer: Mixer;

  constructor(rate = RATE) {
    this.rate = rate;
    this.mixer = new Mixer({
      settings: { encoding: "pcm_f32le", sampleRate: rate, frameDurationMs: FRAME_MS },
      onFrame: (frame) => this.#hear(frame),
    });
  }

  #hear({ payload, position, sampleCount, timestamp }: AudioFrame): void {
    const values = new Float32Array(payload.buffer);
    // Without expect(), which is slow for an hour of frames.
    if (values.length !== 2 * sampleCount) throw new Error(`${values.length} values for ${sampleCount} samples`);
    if (position < this.next) throw new Error(`position ${position} again`);
    if (position > this.next) this.gaps.push({ from: this.next, to: position });
    this.times.push({ position, timestamp });
    this.next = position + sampleCount;
    for (let index = 0; index < sampleCount; index += 1) {
      this.left.take(values[2 * index] ?? 0, position + index);
      this.right.take(values[2 * index + 1] ?? 0, position + index);
    }
  }

  /** How far apart the two channels' pulses are, in milliseconds; of those that only one has, nothing. */
  skews(): number[] {
    return this.left.places.flatMap((place) => {
      const other = this.right.places.reduce((best, next) =>
        Math.abs(next - place) < Math.abs(best - place) ? next : best,
      );
      const skewMs = ((other - place) * 1_000) / this.rate;
      return Math.abs(skewMs) < PULSE_EVERY_MS / 2 ? [skewMs] : [];
    });
  }
}

/** @param width of half a pulse, in milliseconds. */
const pulses =
  (width: number) =>
  (time: number): number => {
    const since = ((time % PULSE_EVERY_MS) + PULSE_EVERY_MS) % PULSE_EVERY_MS;
    return pulse(Math.min(since, PULSE_EVERY_MS - since), width);
  };

/** Frames that come later than they would. */
function* delayed(frames: Generator<ArrivingFrame>, ms: (frame: ArrivingFrame) => number): Generator<ArrivingFrame> {
  let before = 0;
  for (const frame of frames) {
    before = Math.max(before, frame.arrival + ms(frame));
    yield { ...frame, arrival: before };
  }
}

type Device = Omit<Partial<DriftingSourceOptions>, "random">;

/** Runs two devices until a time, in milliseconds. @param onFrame called after each frame. */
function run(listener: Listener, left: Device, right: Device, until: number, onFrame = (): void => {}): void {
  const common = { sampleRate: listener.rate, frameDurationMs: FRAME_MS, sound: pulses(5_000 / listener.rate) };
  const sources = {
    left: driftingSource({ ...common, ...left, random: seeded(1) }),
    right: driftingSource({ ...common, ...right, random: seeded(2) }),
  };
  for (const { side, frame } of together(sources, until)) {
    listener.mixer.take(side, frame);
    onFrame();
  }
}

const worst = (values: readonly number[]): number => Math.max(...values.map(Math.abs));

describe("two sources of one clock", () => {
  it("comes out bit for bit", () => {
    const heard: number[] = [];
    const mixer = new Mixer({
      settings: { encoding: "pcm_f32le", sampleRate: RATE, frameDurationMs: FRAME_MS },
      onFrame: ({ payload }) => heard.push(...new Float32Array(payload.buffer)),
    });
    const left = sine(440, RATE, RATE);
    const right = sine(300, RATE, RATE);
    for (let position = 0; position < RATE; position += 160) {
      const timestamp = 500 + position / 8;
      mixer.take("left", { samples: left.slice(position, position + 160), position, timestamp });
      mixer.take("right", { samples: right.slice(position, position + 160), position, timestamp });
    }
    mixer.pause();
    expect(heard).toHaveLength(2 * RATE);
    expect(heard.filter((_, index) => index % 2 === 0)).toEqual([...left]);
    expect(heard.filter((_, index) => index % 2 === 1)).toEqual([...right]);
  });
});

describe("two clocks that drift apart", () => {
  it("stay within 5 ms over an hour, with times that jitter and breaks in either device", { timeout: 120_000 }, () => {
    // At a low rate, since an hour is long.
    const listener = new Listener(2_000);
    const jitterMs = 8;
    run(
      listener,
      { driftPpm: 180, jitterMs, breaks: [[1_000_300, 1_004_700]] },
      { driftPpm: -140, jitterMs, beginsAt: 137, breaks: LATE_BREAKS },
      HOUR_MS,
      () => listener.mixer.overtake(),
    );
    const skews = listener.skews();
    // Of 3,600 pulses, those of the breaks are heard in one channel only.
    expect(skews.length).toBeGreaterThan(3_500);
    expect(worst(skews)).toBeLessThan(5);
    expect(listener.gaps).toEqual([]);
    const { left, right } = listener.mixer;
    expect((right.drift - left.drift) * 1e6).toBeGreaterThan(-350);
    expect((right.drift - left.drift) * 1e6).toBeLessThan(-290);
  });

  it("keeps the output at the page's pace", () => {
    const listener = new Listener();
    run(listener, { driftPpm: 300 }, { driftPpm: 300 }, 120_000);
    const places = listener.left.places;
    const span = ((places.at(-1) ?? 0) - (places[10] ?? 0)) / RATE;
    expect(span * 1_000).toBeCloseTo((places.length - 11) * PULSE_EVERY_MS, 0);
    const [first] = listener.times;
    const errors = listener.times.map(
      ({ position, timestamp }) => timestamp - (first?.timestamp ?? 0) - (position / RATE) * 1_000,
    );
    expect(worst(errors)).toBeLessThan(1e-6);
  });
});

describe("a side that delivers nothing", () => {
  it("is silent while the other goes on, and none of its sound is lost when it comes back", () => {
    const listener = new Listener();
    run(listener, {}, { breaks: [[5_300, 11_700]] }, 20_000, () => listener.mixer.overtake());
    expect(listener.left.places).toHaveLength(20);
    expect(listener.right.places).toHaveLength(14);
    expect(worst(listener.skews())).toBeLessThan(1);
    expect(listener.gaps).toEqual([]);
  });

  it("delays the other by no more than 300 ms", () => {
    const listener = new Listener();
    run(listener, {}, { breaks: [[5_000, 60_000]] }, 10_000, () => listener.mixer.overtake());
    expect((listener.next / RATE) * 1_000).toBeGreaterThan(10_000 - 300 - 3 * FRAME_MS);
  });

  it("is not waited for once it has ended", () => {
    const listener = new Listener();
    run(listener, {}, { breaks: [[5_000, 60_000]] }, 10_000);
    listener.mixer.end("right");
    expect((listener.next / RATE) * 1_000).toBeGreaterThan(10_000 - 3 * FRAME_MS);
    expect(listener.left.places).toHaveLength(10);
  });

  it("makes a gap if the other side delivers nothing either", () => {
    const listener = new Listener();
    const breaks = [[5_000, 9_000]] as const;
    run(listener, { breaks }, { breaks }, 15_000);
    expect(listener.gaps).toHaveLength(1);
    const [gap] = listener.gaps;
    expect(((gap?.to ?? 0) - (gap?.from ?? 0)) / RATE).toBeCloseTo(4, 1);
    // Those after the gap are where the page's clock says.
    expect(((listener.left.places.at(-1) ?? 0) / RATE) * 1_000).toBeCloseTo(14_000, -1);
  });

  // An audio thread that gets no time delivers late what it hears, and its clock stands still meanwhile.
  it("is heard later if it comes too late, without losing any of it, and together with the other again in the end", () => {
    const listener = new Listener();
    const late = (frame: ArrivingFrame): number => (frame.timestamp > 20_300 && frame.timestamp < 24_300 ? 800 : 5);
    const common = { sampleRate: RATE, sound: pulses(0.625), random: seeded(3) };
    const right = delayed(driftingSource(common), late);
    for (const { side, frame } of together({ left: driftingSource(common), right }, 119_500)) {
      listener.mixer.take(side, frame);
      listener.mixer.overtake();
    }
    expect(listener.left.places).toHaveLength(120);
    expect(listener.right.places).toHaveLength(120);
    const skews = listener.left.places.map(
      (place, index) => (((listener.right.places[index] ?? 0) - place) * 1_000) / RATE,
    );
    expect(worst(skews.slice(0, 20))).toBeLessThan(1);
    expect(worst(skews)).toBeGreaterThan(300);
    expect(worst(skews.slice(-10))).toBeLessThan(5);
  });
});

describe("a pause", () => {
  it("lets out all that was heard, and takes no time in the stream", () => {
    const listener = new Listener();
    run(listener, {}, { delayMs: 9 }, 2_500);
    listener.mixer.pause();
    const before = listener.next;
    expect(before).toBeGreaterThanOrEqual(RATE * 2.46);
    // Ten seconds later, by sources whose positions took none either.
    const later = { firstPosition: 2.5 * RATE };
    run(listener, { ...later, beginsAt: 10_200 }, { ...later, beginsAt: 10_204 }, 12_700);
    expect(listener.gaps).toEqual([]);
    expect(listener.next).toBeGreaterThan(before + RATE * 2.4);
    expect(worst(listener.skews())).toBeLessThan(1);
  });

  it("that a source took without its positions leaves the sides together", () => {
    const listener = new Listener();
    const common = { sampleRate: RATE, sound: pulses(0.625), random: seeded(3) };
    const left = driftingSource(common);
    const right = driftingSource({ ...common, breaks: [[4_000, 6_000]] });
    let uncounted = 0;
    let last = 0;
    for (const { side, frame } of together({ left, right }, 20_000)) {
      if (side === "right") {
        uncounted += frame.position - last;
        last = frame.position + frame.samples.length;
      }
      const position = side === "right" ? frame.position - uncounted : frame.position;
      listener.mixer.take(side, { ...frame, position });
      listener.mixer.overtake();
    }
    expect(worst(listener.skews())).toBeLessThan(1);
  });
});
