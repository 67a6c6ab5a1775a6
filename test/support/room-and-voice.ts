import { noise, sine } from "./signals.js";

/** A quiet room. */
export const room = (length: number, level = 0.002, seed = 5): Float32Array =>
  noise(length, seed).map((value) => value * level);

/** Something that sounds like a voice in a quiet room: harmonics that come and go. @param rate in Hz. */
export function voice(length: number, rate = 16_000): Float32Array {
  const samples = new Float32Array(length);
  for (let harmonic = 1; harmonic <= 20; harmonic += 1) {
    const part = sine(150 * harmonic, rate, length, 0.1 / harmonic);
    for (const [index, value] of part.entries()) samples[index] = (samples[index] ?? 0) + value;
  }
  const background = room(length, 0.002, 11);
  return samples.map(
    (value, index) => (background[index] ?? 0) + value * (0.6 + 0.4 * Math.sin((2 * Math.PI * 4 * index) / rate)),
  );
}

export const joined = (...parts: readonly Float32Array[]): Float32Array =>
  Float32Array.from(parts.flatMap((part) => Array.from(part)));
