/** Whole numbers from one up to, not including, another. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** The same numbers as ranges in order that do not touch. */
export function merge(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of ranges.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else merged.push(range);
  }
  return merged;
}

export function subtract(ranges: readonly Range[], holes: readonly Range[]): Range[] {
  const rest: Range[] = [];
  const cuts = merge(holes);
  let first = 0;
  for (const range of merge(ranges)) {
    let { from } = range;
    while (first < cuts.length && (cuts[first]?.to ?? 0) <= from) first += 1;
    for (let index = first; index < cuts.length; index += 1) {
      const cut = cuts[index];
      if (cut === undefined || cut.from >= range.to) break;
      if (cut.from > from) rest.push({ from, to: cut.from });
      from = Math.max(from, cut.to);
    }
    if (from < range.to) rest.push({ from, to: range.to });
  }
  return rest;
}

export const intersect = (a: readonly Range[], b: readonly Range[]): Range[] => subtract(a, subtract(a, b));

/** How many numbers there are, each counted as often as it occurs. */
export const total = (ranges: readonly Range[]): number => ranges.reduce((sum, { from, to }) => sum + to - from, 0);

export const show = (ranges: readonly Range[]): string => ranges.map(({ from, to }) => `${from}–${to}`).join(", ");
