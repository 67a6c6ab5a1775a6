/** Hooks of React 18 and newer for a microphone stream, its captions and the list of microphones. */
export type { RecorderSnapshot } from "../recorder/recorder.js";
export type { TranscriptSnapshot } from "../transcript/transcript.js";
export { type MicrophoneStreamHandle, useMicrophoneStream } from "./use-microphone-stream.js";
export { useMicrophones } from "./use-microphones.js";
export { useTranscript } from "./use-transcript.js";
