import type { WireAudioFrame } from "../../protocol/audio-frame.js";

/** Both parts of a frame of a fixed-size encoding, cut before its sample `at`. */
export function splitFrame(
  frame: WireAudioFrame,
  at: number,
  bytesPerSample: number,
): [WireAudioFrame, WireAudioFrame] {
  const bytes = at * bytesPerSample;
  return [
    { ...frame, sampleCount: at, payload: frame.payload.subarray(0, bytes) },
    {
      ...frame,
      position: frame.position + at,
      sampleCount: frame.sampleCount - at,
      payload: frame.payload.subarray(bytes),
    },
  ];
}
