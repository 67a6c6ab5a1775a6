/** The machine's monotonic clock, which the browser's `performance.now()` runs by as well. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
