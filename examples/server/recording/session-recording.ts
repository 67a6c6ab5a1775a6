import type { WireAudioFrame } from "loquilex/protocol";
import type { BoundedQueueMetrics } from "loquilex/resources";
import type { RecordingOptions } from "./recording.js";

/** What of a session a node keeps and has recognised, from the place where it begins to record it. */
export type RecordingPart = Pick<
  RecordingOptions,
  "sessionId" | "lineage" | "format" | "startPosition" | "engineStart" | "restored" | "onKept" | "onEvent" | "onFailed"
>;

/** What keeps the audio of a session on this node, and has it recognised. */
export interface SessionRecording {
  /** Samples that wait for the recogniser and for the disk. */
  readonly queuedSamples: Readonly<Record<"engine" | "recording", number>>;
  /** Figures of the same queues, in frames and samples. */
  readMetrics(): Readonly<Record<"engine" | "recording", BoundedQueueMetrics>>;
  /** Copies the next frame. One that begins beyond the end of the last declares a gap. */
  append(frame: WireAudioFrame): void;
  /** No more audio: resolves when everything is kept and said. @throws what was given to `onFailed`. */
  end(): Promise<void>;
  /** Resolves when what was said so far is in the files. @throws StorageError */
  saveTranscript(): Promise<void>;
  /** Finishes with what came so far. Never rejects. Idempotent. */
  dispose(): Promise<void>;
}
