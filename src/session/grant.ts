import { ShapeError } from "../protocol/shape.js";
import type { Welcome } from "./link.js";
import type { SessionOptions } from "./session-options.js";

/**
 * A server grants the audio that was offered, or none. What it takes for other audio it would keep, and write captions
 * of, at another speed or as noise.
 * @throws ShapeError when it grants something else.
 */
export function checkGrant(granted: NonNullable<Welcome["audio"]>, offered: SessionOptions["format"]): void {
  const { encoding, sampleRate, channels } = offered;
  if (granted.encoding === encoding && granted.sample_rate === sampleRate && granted.channels === channels) return;
  const inWords = (format: string, rate: number, count: number) => `${format} at ${rate} Hz with channels: ${count}`;
  const was = inWords(granted.encoding, granted.sample_rate, granted.channels);
  throw new ShapeError(
    `data.audio must be what was offered (${inWords(encoding, sampleRate, channels)}), and is ${was}.`,
  );
}
