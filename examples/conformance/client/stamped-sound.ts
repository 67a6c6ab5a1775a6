/** A "word" of this length begins each {@link CYCLE_SAMPLES}, so that a segmenter hears something. */
export const LOUD_SAMPLES = 6_400;
/** A word and the quiet after it. */
export const CYCLE_SAMPLES = 17_600;

/** The one sample that belongs at a position: noise, so that no two stretches are alike. */
export function stampedSample(position: number): number {
  let hash = Math.imul(position ^ 0x9e37_79b9, 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  hash = Math.imul(hash ^ (hash >>> 16), 0x27d4_eb2f);
  return hash >> (position % CYCLE_SAMPLES < LOUD_SAMPLES ? 17 : 26);
}

export function stampedSamples(from: number, to: number): Int16Array<ArrayBuffer> {
  const samples = new Int16Array(to - from);
  for (let i = 0; i < samples.length; i++) samples[i] = stampedSample(from + i);
  return samples;
}

/** 16-bit little-endian, as all machines are on which this runs. */
export const stampedPayload = (position: number, sampleCount: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(stampedSamples(position, position + sampleCount).buffer);
