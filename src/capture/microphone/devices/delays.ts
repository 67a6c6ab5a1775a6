/** The delay after so many failures, counted from 0; after the last one of the table, always as long. */
export const delayAfter = (delaysMs: readonly number[], failures: number): number =>
  delaysMs[Math.min(failures, delaysMs.length - 1)] ?? 0;
