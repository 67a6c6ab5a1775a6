import type { AudioFormat } from "../../capture/source.js";
import { OPUS_SAMPLE_RATES } from "../../protocol/opus-packet.js";

/** How long an Opus packet may be, in milliseconds. Opus knows shorter ones, in which the first of a run would hold nothing. */
export const OPUS_FRAME_DURATIONS_MS: readonly number[] = [10, 20, 40, 60];

/** What the encoder is asked for beside the format. */
export interface OpusSettings {
  /** One of {@link OPUS_FRAME_DURATIONS_MS}. */
  readonly frameDurationMs: number;
  /** Bit/s of all channels together. @defaultValue for each channel 24,000 up to 16 kHz, and 32,000 above */
  readonly bitrate?: number | undefined;
}

/**
 * Whether this browser encodes such audio as Opus packets. `false` where it has no WebCodecs, and for a rate or a frame
 * duration that Opus has not. Never rejects.
 */
export async function isOpusSupported(format: AudioFormat, settings: OpusSettings): Promise<boolean> {
  if (typeof AudioEncoder === "undefined" || typeof AudioData === "undefined") return false;
  if (!OPUS_SAMPLE_RATES.includes(format.sampleRate)) return false;
  if (!OPUS_FRAME_DURATIONS_MS.includes(settings.frameDurationMs)) return false;
  try {
    return (await AudioEncoder.isConfigSupported(encoderConfig(format, settings))).supported === true;
  } catch {
    return false;
  }
}

/** What WebCodecs is asked for. The tuning is left as it is, for sound of any kind: that for telephony cuts off low tones. */
export function encoderConfig(
  { sampleRate, channelCount }: AudioFormat,
  { frameDurationMs, bitrate = channelCount * (sampleRate > 16_000 ? 32_000 : 24_000) }: OpusSettings,
): AudioEncoderConfig {
  return {
    codec: "opus",
    sampleRate,
    numberOfChannels: channelCount,
    bitrate,
    opus: { frameDuration: 1_000 * frameDurationMs },
  };
}
