import type { AudioFrame, InterruptReason, SourceOpenOptions } from "../../src/capture/source.js";
import type { AudioStreamError } from "../../src/errors.js";

/** What a capture has told whoever opened it. */
export interface Heard {
  readonly frames: AudioFrame[];
  readonly interrupts: (InterruptReason | undefined)[];
  /** The reason of each change of the device, and the track's label. */
  readonly changes: string[];
  readonly warnings: AudioStreamError[];
  readonly ends: AudioStreamError[];
}

/** Options to open a source with, and what it tells. */
export function listenTo(signal: AbortSignal, more: Partial<SourceOpenOptions> = {}) {
  const heard: Heard = { frames: [], interrupts: [], changes: [], warnings: [], ends: [] };
  const options: SourceOpenOptions = {
    signal,
    format: { encoding: "pcm_s16le", sampleRate: 16_000, channelCount: 1 },
    frameDurationMs: 20,
    onFrame: (frame) => heard.frames.push(frame),
    onInterrupt: (reason) => heard.interrupts.push(reason),
    onDeviceChange: (track, reason) => heard.changes.push(`${reason}: ${track.label}`),
    onWarning: (error) => heard.warnings.push(error),
    onEnd: (error) => heard.ends.push(error),
    ...more,
  };
  return { heard, options };
}

export const samplesIn = (heard: Heard): number => heard.frames.reduce((sum, { sampleCount }) => sum + sampleCount, 0);

/** Lets everything that waits for nothing but promises happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
}
