import type { WireAudioFrame } from "loquilex/protocol";

/**
 * Cuts off the beginning of a frame of an encoding whose samples all take the same number of bytes.
 * @param bytesPerSample of all channels together.
 * @returns the frame from a position on; `undefined` if it ends before.
 */
export function frameTail(frame: WireAudioFrame, position: number, bytesPerSample: number): WireAudioFrame | undefined {
  const cut = position - frame.position;
  if (cut <= 0) return frame;
  if (cut >= frame.sampleCount) return undefined;
  const payload = frame.payload.subarray(cut * bytesPerSample);
  return { ...frame, position, sampleCount: frame.sampleCount - cut, payload };
}
