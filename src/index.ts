/// <reference lib="esnext.disposable" preserve="true" />

export { preloadWorklet } from "./capture/graph/processor/worklet-loader.js";
export { type MediaStreamSourceOptions, mediaStream } from "./capture/microphone/media-stream.js";
export { microphone } from "./capture/microphone/microphone.js";
export type { MicrophoneOptions } from "./capture/microphone/microphone-options.js";
export {
  listMicrophones,
  type MicrophoneInfo,
  type WatchMicrophonesOptions,
  watchMicrophones,
} from "./capture/microphone/microphones.js";
export type { SampleInput } from "./capture/samples/sample-reader.js";
export { type SamplesOptions, type SamplesSource, samples } from "./capture/samples/samples.js";
export type {
  AudioCapture,
  AudioFormat,
  AudioFrame,
  AudioSource,
  DeviceChangeReason,
  InterruptReason,
  SourceOpenOptions,
} from "./capture/source.js";
export {
  type AnyAudioStreamError,
  AudioStreamError,
  type AudioStreamErrorCode,
  type AudioStreamErrorDetails,
  type AudioStreamErrorInit,
  isAudioStreamError,
  type MessageRange,
} from "./errors.js";
export type { OpusEncoding } from "./frames/imported-encoding.js";
export type { Level } from "./frames/level-window.js";
export { opus } from "./frames/opus/opus.js";
export type { ResourceInfo } from "./internal/resource-reports.js";
export { createMicrophoneStream, type MicrophoneStreamOptions } from "./microphone-stream.js";
export type { AudioEncoding } from "./protocol/messages.js";
export type { CloseInfo, ConnectionState, StreamState } from "./state.js";
export { AudioStream } from "./stream/audio-stream.js";
export {
  type AudioSpan,
  type AudioStreamEventMap,
  type Caption,
  CaptionEvent,
  type CaptionWord,
  CloseInfoEvent,
  DeviceChangeEvent,
  DropEvent,
  LevelEvent,
  ReconnectedEvent,
  type ReconnectedInit,
  ReconnectingEvent,
  type ServerEvent,
  StreamErrorEvent,
  WarningEvent,
} from "./stream/events/events.js";
export { type LevelMeterOptions, showLevel } from "./stream/level-meter.js";
export type { Logger } from "./stream/logger.js";
export { DEFAULTS } from "./stream/options/defaults.js";
export type {
  AbortOptions,
  AudioStreamOptions,
  CloseOptions,
  HeartbeatOptions,
  PauseOptions,
  ReconnectOptions,
  ReconnectPolicy,
  ReplayOptions,
  RetryContext,
} from "./stream/options/options.js";
export type { AudioStreamParts } from "./stream/options/stream-parts.js";
export type { StreamStats } from "./stream/stats.js";
export { checkSupport, queryMicrophonePermission, type SupportReport } from "./support.js";
export { createTranscript, type Transcript, type TranscriptSnapshot } from "./transcript/transcript.js";
export type {
  ConnectContext,
  Transport,
  TransportCloseInfo,
  TransportConnection,
  TransportConnectOptions,
  UrlProvider,
} from "./transport/transport.js";
export { type WebSocketTransportOptions, webSocket } from "./transport/websocket.js";
export { version } from "./version.js";
