import type { CaptureEncoding } from "./port-messages.js";

/** Writes the first `count` samples in an encoding of fixed sample size; the buffer is new and the caller's. */
export type Encoder = (samples: Float32Array, count: number) => ArrayBuffer;

/** What the audio thread can produce. */
export const ENCODERS: Readonly<Record<CaptureEncoding, Encoder>> = { pcm_s16le: encodePcm16 };

/**
 * Full scale is 32768, so that what was recorded in 16 bits comes out bit for bit. Rounds to the nearest value, halves
 * away from zero, the same on both sides of it; clamps to −32768 … 32767; NaN becomes 0.
 */
function encodePcm16(samples: Float32Array, count: number): ArrayBuffer {
  const buffer = new ArrayBuffer(2 * count);
  const view = new DataView(buffer);
  for (let index = 0; index < count; index += 1) view.setInt16(2 * index, toInt16(samples[index] ?? 0), true);
  return buffer;
}

function toInt16(sample: number): number {
  const scaled = sample * 32_768;
  if (scaled >= 32_767) return 32_767;
  if (scaled <= -32_768) return -32_768;
  // Truncation does the rest of the rounding; it also makes NaN 0.
  return (scaled < 0 ? scaled - 0.5 : scaled + 0.5) | 0;
}
