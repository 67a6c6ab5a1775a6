/** Noise for measurements: the same for the same seed. */
export type NoiseColour = "white" | "pink";

/** Noise with an RMS of 1. */
export function makeNoise(colour: NoiseColour, length: number, seed: number): Float64Array {
  let state = seed >>> 0 || 1;
  const random = (): number => {
    // xorshift32: quality enough for a hiss.
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
  const gaussian = (): number => Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
  const noise = new Float64Array(length);
  // Leaky sums of three lengths come close to 3 dB less for each octave.
  const sums = [0, 0, 0];
  const [keeps, gains] = [
    [0.998, 0.963, 0.57],
    [0.1, 0.297, 1.05],
  ];
  for (let index = 0; index < length; index += 1) {
    const white = gaussian();
    if (colour === "white") noise[index] = white;
    else {
      let sum = 0.18 * white;
      for (const [which, keep] of keeps.entries()) {
        sums[which] = keep * (sums[which] ?? 0) + (gains[which] ?? 0) * white;
        sum += sums[which] ?? 0;
      }
      noise[index] = sum;
    }
  }
  const rms = Math.sqrt(noise.reduce((sum, value) => sum + value * value, 0) / length);
  return noise.map((value) => value / rms);
}
