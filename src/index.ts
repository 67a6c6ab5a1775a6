/// <reference lib="esnext.disposable" preserve="true" />
export { type MediaStreamSourceOptions, mediaStream } from "./capture/media-stream.js";
export { microphone } from "./capture/microphone.js";
export type { MicrophoneOptions } from "./capture/microphone-options.js";
export {
  listMicrophones,
  type MicrophoneInfo,
  type WatchMicrophonesOptions,
  watchMicrophones,
} from "./capture/microphones.js";
export type { SampleInput } from "./capture/sample-reader.js";
export { type SamplesOptions, type SamplesSource, samples } from "./capture/samples.js";
export type {
  AudioCapture,
  AudioFormat,
  AudioFrame,
  AudioSource,
  DeviceChangeReason,
  InterruptReason,
  SourceOpenOptions,
} from "./capture/source.js";
export { preloadWorklet } from "./capture/worklet-loader.js";
export { DEFAULTS } from "./defaults.js";
export {
  type AnyAudioStreamError,
  AudioStreamError,
  type AudioStreamErrorCode,
  type AudioStreamErrorDetails,
  type AudioStreamErrorInit,
  isAudioStreamError,
} from "./errors.js";
export {
  type AudioStreamEventMap,
  CloseInfoEvent,
  DeviceChangeEvent,
  DropEvent,
  LevelEvent,
  ReconnectedEvent,
  type ReconnectedInit,
  ReconnectingEvent,
  type ServerEvent,
  WarningEvent,
} from "./events.js";
export type { ResourceInfo } from "./internal/scope.js";
export { type LevelMeterOptions, showLevel } from "./level-meter.js";
export type { Logger } from "./logger.js";
export { createMicrophoneStream, type MicrophoneStreamOptions } from "./microphone-stream.js";
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
} from "./options.js";
export type { AudioEncoding } from "./protocol/messages.js";
export type { Level } from "./signal/level-window.js";
export type { CloseInfo, StreamState } from "./state.js";
export type { StreamStats } from "./stats.js";
export { AudioStream, type AudioStreamParts } from "./stream.js";
export { checkSupport, queryMicrophonePermission, type SupportReport } from "./support.js";
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
