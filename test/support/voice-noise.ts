/** Noise in which no sample is silence, so that silence says that nothing was played. */
export function voiceNoise(seconds: number, seed: number, sampleRate: number): Int16Array<ArrayBuffer> {
  const samples = new Int16Array(seconds * sampleRate);
  let state = seed;
  for (let index = 0; index < samples.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    samples[index] = ((state >>> 16) % 8_000) - 4_000 || 1;
  }
  return samples;
}

export const bytesOf = (samples: Int16Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => new Uint8Array(samples.buffer);

/** Where two sounds are not the same, as a sentence; `undefined` if they are. */
export function differenceOf(played: readonly number[], said: readonly number[]): string | undefined {
  const at = said.findIndex((sample, index) => played[index] !== sample);
  if (at >= 0) return `Of ${said.length} samples the one at ${at} is another: ${played.slice(at, at + 3)}.`;
  return played.length === said.length ? undefined : `${played.length} samples were played, and ${said.length} said.`;
}
