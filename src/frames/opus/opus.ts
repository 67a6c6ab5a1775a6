import { OPUS_SAMPLE_RATES } from "../../protocol/opus-packet.js";
import type { ImportedEncoding, OpusEncoding } from "../imported-encoding.js";
import { openOpus, opusSource } from "./opus-code.js";
import { OPUS_FRAME_DURATIONS_MS } from "./opus-support.js";

/**
 * Opus, for a stream's option `encoding`. It is made by the browser, if that can, of frames of 10, 20, 40 or 60 ms and a
 * `sampleRate` of 8, 12, 16, 24 or 48 kHz. An application that does not import it does not carry its code.
 */
export function opus(): OpusEncoding {
  const encoding: ImportedEncoding = { name: "opus", check, open: openOpus, source: opusSource };
  return encoding;
}

function check(sampleRate: number, frameDurationMs: number): void {
  if (!OPUS_SAMPLE_RATES.includes(sampleRate)) {
    throw new RangeError(`sampleRate must be one of ${OPUS_SAMPLE_RATES.join(", ")} for Opus, and is ${sampleRate}.`);
  }
  if (!OPUS_FRAME_DURATIONS_MS.includes(frameDurationMs)) {
    throw new RangeError(
      `frameDurationMs must be one of ${OPUS_FRAME_DURATIONS_MS.join(", ")} for Opus, and is ${frameDurationMs}.`,
    );
  }
}
