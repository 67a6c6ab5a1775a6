/** Amplitude of one tone in each stretch of a signal, by a window that leaves little of its neighbours (Hann). @param length of a stretch, in samples. */
export function toneLevels(samples: Float64Array, frequency: number, sampleRate: number, length: number): number[] {
  const step = (2 * Math.PI * frequency) / sampleRate;
  return Array.from({ length: Math.floor(samples.length / length) }, (_, stretch) => {
    let [re, im] = [0, 0];
    for (let index = 0; index < length; index += 1) {
      const value = (samples[stretch * length + index] ?? 0) * (1 - Math.cos((2 * Math.PI * index) / length));
      re += value * Math.cos(step * index);
      im += value * Math.sin(step * index);
    }
    return (2 * Math.hypot(re, im)) / length;
  });
}
