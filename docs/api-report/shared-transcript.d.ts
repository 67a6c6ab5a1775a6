import { Caption } from "./shared-options.js";
import { AudioStream } from "./shared-audio-stream.js";

interface MicrophoneInfo {
  readonly deviceId: string;
  readonly groupId: string;
  readonly label: string;
  readonly isDefault: boolean;
}
interface WatchMicrophonesOptions {
  readonly signal?: AbortSignal | undefined;
}
declare function listMicrophones(): Promise<MicrophoneInfo[]>;
declare function watchMicrophones(callback: (microphones: MicrophoneInfo[]) => void, options?: WatchMicrophonesOptions): () => void;
interface TranscriptSnapshot {
  readonly finals: readonly Caption[];
  readonly partials: readonly Caption[];
  readonly partial: Caption | undefined;
}
interface Transcript extends TranscriptSnapshot {
  readonly text: string;
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => TranscriptSnapshot;
}
declare function createTranscript(stream: Pick<AudioStream<never>, "addEventListener" | "removeEventListener" | "signal">): Transcript;
export { MicrophoneInfo, Transcript, TranscriptSnapshot, WatchMicrophonesOptions, createTranscript, listMicrophones, watchMicrophones };