import { ConnectionState, StreamState } from "./shared-errors.js";
import { AudioStream } from "./shared-audio-stream.js";
import { MicrophoneInfo, TranscriptSnapshot } from "./shared-transcript.js";
import { MicrophoneStreamOptions } from "./shared-microphone-stream.js";
import { ServerEvent } from "./shared-options.js";
import { UrlProvider } from "./shared-transport.js";

interface RecorderSnapshot<Message> {
  readonly stream: AudioStream<Message> | undefined;
  readonly state: StreamState;
  readonly connectionState: ConnectionState;
  readonly error: Error | undefined;
  readonly warning: Error | undefined;
}
interface MicrophoneStreamHandle<Message> extends RecorderSnapshot<Message> {
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly abort: () => void;
}
declare function useMicrophoneStream<Message = ServerEvent>(url: UrlProvider, options?: MicrophoneStreamOptions): MicrophoneStreamHandle<Message>;
declare function useMicrophones(): readonly MicrophoneInfo[];
type Captioned = Pick<AudioStream<never>, "addEventListener" | "removeEventListener" | "signal">;
declare function useTranscript(stream: Captioned | undefined): TranscriptSnapshot;
export { type MicrophoneStreamHandle, type RecorderSnapshot, type TranscriptSnapshot, useMicrophoneStream, useMicrophones, useTranscript };