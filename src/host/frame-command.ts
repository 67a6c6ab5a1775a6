import type { AudioFrame } from "../capture/source.js";
import type { RunningCommand } from "./running-messages.js";

/**
 * The command that brings a frame to the running side, and what may be handed over with it.
 * @param wanted if not, the frame counts as lost.
 */
export function frameCommand(frame: AudioFrame, wanted: boolean): [RunningCommand, Transferable[]] {
  const { payload, position, sampleCount, timestamp, peakLevel, rmsLevel, voice } = frame;
  const plain = { payload, position, sampleCount, timestamp, peakLevel, rmsLevel, flags: 0, voice };
  return [{ type: wanted ? "frame" : "refuse", frame: plain }, ownBuffer(payload)];
}

/** The payload's buffer, if nothing else is in it: it may be handed over. */
function ownBuffer({ buffer, byteLength }: Uint8Array): Transferable[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}
