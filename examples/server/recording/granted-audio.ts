import { type AudioEncoding, type AudioOffer, OPUS_SAMPLE_RATES } from "loquilex/protocol";
import type { StreamFormat } from "../engines/hearing/engine-ear.js";
import type { StoredEncoding } from "./files/wav-header.js";

/** What this server takes, and as what it keeps it. */
const KEPT_AS: Readonly<Record<AudioEncoding, StoredEncoding>> = {
  pcm_s16le: "pcm_s16le",
  pcm_f32le: "pcm_f32le",
  mulaw: "mulaw",
  opus: "pcm_s16le",
};
const MIN_SAMPLE_RATE = 8_000;
const MAX_SAMPLE_RATE = 48_000;

/** Why this server cannot take such audio, or `undefined` if it can. */
export function refuseFormat({ encoding, sample_rate: rate }: AudioOffer): string | undefined {
  if (rate < MIN_SAMPLE_RATE || rate > MAX_SAMPLE_RATE) {
    return `This server takes ${MIN_SAMPLE_RATE} to ${MAX_SAMPLE_RATE} Hz, not ${rate}.`;
  }
  if (encoding === "opus" && !OPUS_SAMPLE_RATES.includes(rate)) {
    return `Opus is taken at ${OPUS_SAMPLE_RATES.join(", ")} Hz, not at ${rate}.`;
  }
  return undefined;
}

/** What becomes of the audio in a recording. */
export const keptFormat = (offer: AudioOffer): StreamFormat => ({
  encoding: KEPT_AS[offer.encoding],
  sampleRate: offer.sample_rate,
  channels: offer.channels,
});
