/** The value of a sample, from its position alone, so that a recording shows what of it is missing, moved or repeated. */
export const numberedSample = (position: number): number =>
  ((position * 7_919 + Math.floor(position / 256) * 104_729) % 65_536) - 32_768;

/** The positions at which a recording is not what was spoken, as ranges. */
export function differences(samples: Float64Array, from: number, to: number): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = [];
  for (let position = from; position < to; position += 1) {
    if (Math.round((samples[position] ?? Number.NaN) * 32_768) === numberedSample(position)) continue;
    const last = ranges.at(-1);
    if (last?.to === position) last.to = position + 1;
    else ranges.push({ from: position, to: position + 1 });
  }
  return ranges;
}
