import { AUDIO_FRAME_HEADER_BYTES } from "../../protocol/audio-frame.js";

/** Whether the server still is what acknowledged the audio so far, or has started anew. */
export type Lineage = "same" | "new";

/** On what terms a server takes audio on a connection. */
export interface SendTerms {
  /** Where the server wants audio to start. */
  readonly position: number;
  /** Times real time. */
  readonly pace: number;
  /** Samples that may be in flight. */
  readonly window: number;
  /** Bytes of the largest frame that the server takes. */
  readonly maxMessageBytes: number;
}

/** How many whole samples fit into a message of that size. */
export function samplesIn(messageBytes: number, bytesPerSample: number | undefined): number {
  return bytesPerSample === undefined ? 0 : Math.floor((messageBytes - AUDIO_FRAME_HEADER_BYTES) / bytesPerSample);
}
