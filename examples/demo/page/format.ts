/** Rate on the wire in Hz: what positions count. */
export const SAMPLE_RATE = 16_000;

/** A position in the stream in milliseconds. */
export const milliseconds = (position: number): number => (position * 1000) / SAMPLE_RATE;

/** `12345` becomes `12.3 s`. */
export const seconds = (durationMs: number): string => `${(durationMs / 1000).toFixed(1)} s`;

/** A position in the stream as `mm:ss`. */
export function clockTime(position: number): string {
  const total = Math.floor(position / SAMPLE_RATE);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(Math.floor(total / 60))}:${two(total % 60)}`;
}

/** A position in the stream as `mm:ss.mmm`. */
export function exactTime(position: number): string {
  const rest = Math.floor(milliseconds(position % SAMPLE_RATE));
  return `${clockTime(position)}.${String(rest).padStart(3, "0")}`;
}
