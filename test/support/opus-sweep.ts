import { readFileSync } from "node:fs";
import type { WireAudioFrame } from "loquilex/protocol";

/** Hz, of the fixture. */
export const SWEEP_RATE = 16_000;
/** The stretches that it holds: from and to, positions. */
export const SWEEP_RUNS = [
  [320, 8_357],
  [16_000, 16_011],
] as const;

/** A tone that rises from 300 Hz, as it was before it was encoded. */
export const sweepAt = (position: number, sampleRate = SWEEP_RATE): number => {
  const seconds = position / sampleRate;
  return 0.4 * Math.sin(2 * Math.PI * (300 * seconds + 400 * seconds * seconds));
};

/** Opus packets as the SDK's encoder made them in Chromium of {@link sweepAt}: two runs with a gap between them. */
export function sweepFrames(): WireAudioFrame[] {
  const text = readFileSync(new URL("./fixtures/opus-sweep.json", import.meta.url), "utf8");
  const frames = JSON.parse(text) as {
    readonly position: number;
    readonly sampleCount: number;
    readonly flags: number;
    readonly packet: string;
  }[];
  return frames.map(({ packet, ...frame }) => ({ ...frame, payload: new Uint8Array(Buffer.from(packet, "base64")) }));
}

/** How much louder the sweep is than what differs from it, in dB, when `samples` begin at `position`. */
export function sweepSnrDb(samples: ArrayLike<number>, position: number, sampleRate = SWEEP_RATE): number {
  let signal = 0;
  let noise = 0;
  for (let index = 0; index < samples.length; index += 1) {
    const expected = sweepAt(position + index, sampleRate);
    signal += expected ** 2;
    noise += (expected - (samples[index] ?? 0)) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}
