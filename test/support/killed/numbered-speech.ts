/** The value of a sample, from its position alone, so that a recording shows what of it is missing, moved or repeated. */
export const numberedSample = (position: number): number =>
  ((position * 7_919 + Math.floor(position / 256) * 104_729) % 65_536) - 32_768;

/** The same in words with pauses between: in each second of 16,000 samples, the first 6,400 have a value. */
export const numberedWord = (position: number): number => (position % 16_000 < 6_400 ? numberedSample(position) : 0);

/**
 * The positions at which a recording is not what was spoken, as ranges.
 * @param spoken the value at a position.
 */
export function differences(
  samples: Float64Array,
  from: number,
  to: number,
  spoken: (position: number) => number,
): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (let position = from; position < to; position += 1) {
    if (Math.round((samples[position] ?? Number.NaN) * 32_768) === spoken(position)) continue;
    const last = ranges.at(-1);
    if (last?.to === position) last.to = position + 1;
    else ranges.push({ from: position, to: position + 1 });
  }
  return ranges;
}
