import type { MonoAudio } from "./wav.js";

const SAMPLE_RATE = 44_100;

/** Something like speech: noise of changing colour and loudness, with a pause in it, the same at every run. */
export function speechLike(seconds: number): MonoAudio {
  const samples = new Float64Array(SAMPLE_RATE * seconds);
  let seed = 1;
  let [smooth, smoother] = [0, 0];
  for (let i = 0; i < samples.length; i++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    const at = i / SAMPLE_RATE;
    smooth += (0.15 + 0.1 * Math.sin(at * 9)) * (seed / 0x3fffffff - 1 - smooth);
    smoother += 0.3 * (smooth - smoother);
    const pause = at > 1.2 && at < 1.4 ? 0 : 1;
    const edges = Math.min(1, i / 2_000, (samples.length - i) / 2_000);
    samples[i] = smoother * pause * edges * (0.6 + 0.4 * Math.sin(at * 21));
  }
  return { sampleRate: SAMPLE_RATE, samples };
}
