import { bytesPerSample } from "../../protocol/audio-frame.js";
import type { SessionOptions } from "../session-options.js";
import type { AudioSenderOptions } from "./audio-sender.js";

/** How much acknowledged audio is kept, should the server fall back. */
const GRACE_TAIL_MS = 2_000;
const SOCKET_HIGH_WATER_BYTES = 65_536;

/** What the options of a session mean for its audio, in samples and bytes. */
export function senderOptions({ format, replay }: SessionOptions): AudioSenderOptions {
  const toSamples = (durationMs: number) => Math.round((durationMs / 1_000) * format.sampleRate);
  const sampleBytes = bytesPerSample(format.encoding);
  return {
    maxSamples: toSamples(replay.maxDurationMs),
    maxBytes: replay.maxBytes,
    graceSamples: Math.min(toSamples(GRACE_TAIL_MS), toSamples(replay.maxDurationMs) / 2),
    sampleRate: format.sampleRate,
    bytesPerSample: sampleBytes === undefined ? undefined : sampleBytes * format.channels,
    highWaterBytes: SOCKET_HIGH_WATER_BYTES,
  };
}
