import {
  CAPTURE_ENCODINGS,
  type CaptureEncoding,
  type ChannelPolicy,
  type ProcessorSettings,
} from "../../../worklet/port-messages.js";
import { unsupported } from "../../media-errors.js";
import type { SourceOpenOptions } from "../../source.js";

/**
 * How audio is processed on its way from any source to frames of the stream's format.
 * @param channels by default what the format asks for.
 * @throws AudioStreamError `unsupported` where the format cannot be made.
 */
export function processorSettings(
  channels: ChannelPolicy | undefined,
  { format, frameDurationMs, gate }: Pick<SourceOpenOptions, "format" | "frameDurationMs" | "gate">,
): ProcessorSettings {
  const { encoding, sampleRate, channelCount } = format;
  if (!isCaptureEncoding(encoding)) {
    throw unsupported(encoding, `Audio is captured as ${CAPTURE_ENCODINGS.join(" or ")}, not as ${encoding}.`);
  }
  const policy = channels ?? (channelCount === 2 ? "stereo" : "mix");
  const given = policy === "stereo" ? 2 : 1;
  if (channelCount !== given) {
    throw unsupported(
      `${channelCount} channels`,
      `The source's channels: "${policy}" gives ${given} where the stream's channelCount is ${channelCount}. Set either of them to fit.`,
    );
  }
  return { encoding, channels: policy, sampleRate, frameDurationMs, position: 0, gate: gate?.terms };
}

function isCaptureEncoding(encoding: string): encoding is CaptureEncoding {
  return (CAPTURE_ENCODINGS as readonly string[]).includes(encoding);
}
