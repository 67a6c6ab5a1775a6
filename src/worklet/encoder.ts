import type { CaptureEncoding } from "./port-messages.js";

/** Writes the first `count` values in an encoding of fixed size; the buffer is new and the caller's. */
export type Encoder = (samples: Float32Array, count: number) => ArrayBuffer;

/** What the audio thread can produce. All clamp to full scale, and make NaN 0. */
export const ENCODERS: Readonly<Record<CaptureEncoding, Encoder>> = {
  pcm_s16le: encodePcm16,
  pcm_f32le: encodePcmFloat,
  mulaw: encodeMulaw,
};

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

/** Little-endian, between −1 and 1. */
function encodePcmFloat(samples: Float32Array, count: number): ArrayBuffer {
  const buffer = new ArrayBuffer(4 * count);
  const view = new DataView(buffer);
  for (let index = 0; index < count; index += 1) {
    const clamped = Math.min(Math.max(samples[index] ?? 0, -1), 1);
    view.setFloat32(4 * index, Number.isNaN(clamped) ? 0 : clamped, true);
  }
  return buffer;
}

/** ITU-T G.711 µ-law of the same 16 bits that {@link encodePcm16} makes. */
function encodeMulaw(samples: Float32Array, count: number): ArrayBuffer {
  const bytes = new Uint8Array(count);
  for (let index = 0; index < count; index += 1) bytes[index] = toMulaw(toInt16(samples[index] ?? 0));
  return bytes.buffer;
}

/** The bias of G.711, in 16 bits: with it, each of the eight segments begins at a power of two. */
const MULAW_BIAS = 132;
/** Louder samples would leave the last segment. */
const MULAW_MAX = 32_635;

function toMulaw(linear: number): number {
  const magnitude = Math.min(Math.abs(linear), MULAW_MAX) + MULAW_BIAS;
  const segment = 24 - Math.clz32(magnitude);
  const step = (magnitude >> (segment + 3)) & 0x0f;
  // All bits but the sign are sent inverted, so that silence is a byte of ones; the sign bit is 1 for positive samples.
  return (linear < 0 ? 0x7f : 0xff) - ((segment << 4) | step);
}
