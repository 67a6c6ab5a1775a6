import { AnyAudioStreamError, AudioCapture, AudioFormat, AudioFrame, AudioSource, AudioStreamError, AudioStreamErrorCode, AudioStreamErrorDetails, AudioStreamErrorInit, CloseInfo, ConnectionState, DeviceChangeReason, InterruptReason, MessageRange, SourceOpenOptions, StreamState, isAudioStreamError } from "./shared-errors.js";
import { ChannelPolicy, MicrophoneOptions, MicrophoneStreamOptions, createMicrophoneStream } from "./shared-microphone-stream.js";
import { MicrophoneInfo, Transcript, TranscriptSnapshot, WatchMicrophonesOptions, createTranscript, listMicrophones, watchMicrophones } from "./shared-transcript.js";
import { AbortOptions, AudioSpan, AudioStreamEventMap, AudioStreamOptions, Caption, CaptionEvent, CaptionWord, CloseInfoEvent, CloseOptions, DeviceChangeEvent, DropEvent, HeartbeatOptions, Level, LevelEvent, Logger, OpusEncoding, PauseOptions, ReconnectOptions, ReconnectPolicy, ReconnectedEvent, ReconnectedInit, ReconnectingEvent, ReplayOptions, RetryContext, ServerEvent, StreamErrorEvent, WarningEvent } from "./shared-options.js";
import { ResourceInfo } from "./shared-scope.js";
import { AudioEncoding } from "./shared-messages.js";
import { AudioStream, AudioStreamParts, StreamStats } from "./shared-audio-stream.js";
import { ConnectContext, Transport, TransportCloseInfo, TransportConnectOptions, TransportConnection, UrlProvider } from "./shared-transport.js";

declare function preloadWorklet(workletUrl: string | URL): Promise<void>;
type MediaStreamSourceOptions = Pick<MicrophoneOptions, "channels" | "audioContext" | "workletUrl">;
declare function mediaStream(input: MediaStream | MediaStreamTrack | AudioNode, options?: MediaStreamSourceOptions): AudioSource;
declare function microphone(options?: MicrophoneOptions): AudioSource;
type SampleInput = AsyncIterable<Float32Array> | Iterable<Float32Array> | ReadableStream<Float32Array>;
interface SamplesOptions {
  readonly sampleRate: number;
  readonly channelCount?: number | undefined;
  readonly channels?: ChannelPolicy | undefined;
  readonly realTime?: boolean | undefined;
}
interface SamplesSource extends AudioSource {
  readonly ended: Promise<void>;
}
declare function samples(input: SampleInput, options: SamplesOptions): SamplesSource;
declare function opus(): OpusEncoding;
interface LevelMeterOptions extends AbortOptions {
  readonly floorDbfs?: number | undefined;
}
declare function showLevel(stream: Pick<AudioStream<never>, "addEventListener" | "signal" | "state">, element: HTMLElement, options?: LevelMeterOptions): () => void;
declare const DEFAULTS: Readonly<{
  readonly frameDurationMs: 20;
  readonly sampleRate: 16000;
  readonly encoding: "pcm_s16le";
  readonly channelCount: 1;
  readonly preRollMs: 0;
  readonly levelIntervalMs: 100;
  readonly takeover: false;
  readonly host: "auto";
  readonly replay: Readonly<{
    maxDurationMs: 30000;
    maxBytes: 4194304;
    whenFull: "drop-oldest";
    journal: "memory";
  }>;
  readonly reconnect: Readonly<{
    initialDelayMs: 250;
    maxDelayMs: 10000;
    factor: 2;
    jitterRatio: 1;
    maxAttempts: number;
    maxElapsedMs: 60000;
    connectTimeoutMs: 10000;
    initial: "retry";
  }>;
  readonly heartbeat: Readonly<{
    intervalMs: 10000;
    timeoutMs: 2500;
  }>;
  readonly microphone: Readonly<{
    deviceLossTimeoutMs: 30000;
  }>;
  readonly pause: Readonly<{
    releaseDevice: false;
  }>;
  readonly close: Readonly<{
    timeoutMs: 5000;
  }>;
}>;
type CaptureFeature = "secure-context" | "media-devices" | "audio-worklet";
interface SupportReport {
  readonly supported: boolean;
  readonly missing: readonly (CaptureFeature | "web-socket")[];
}
declare function checkSupport(): SupportReport;
declare function queryMicrophonePermission(): Promise<PermissionState | "unknown">;
interface WebSocketTransportOptions {
  readonly protocols?: string | readonly string[] | undefined;
  readonly WebSocket?: typeof WebSocket | undefined;
  readonly baseUrl?: string | undefined;
}
declare function webSocket(url: UrlProvider, options?: WebSocketTransportOptions): Transport;
declare const version = "0.1.0";
export { type AbortOptions, type AnyAudioStreamError, type AudioCapture, type AudioEncoding, type AudioFormat, type AudioFrame, type AudioSource, type AudioSpan, AudioStream, AudioStreamError, type AudioStreamErrorCode, type AudioStreamErrorDetails, type AudioStreamErrorInit, type AudioStreamEventMap, type AudioStreamOptions, type AudioStreamParts, type Caption, CaptionEvent, type CaptionWord, type CloseInfo, CloseInfoEvent, type CloseOptions, type ConnectContext, type ConnectionState, DEFAULTS, DeviceChangeEvent, type DeviceChangeReason, DropEvent, type HeartbeatOptions, type InterruptReason, type Level, LevelEvent, type LevelMeterOptions, type Logger, type MediaStreamSourceOptions, type MessageRange, type MicrophoneInfo, type MicrophoneOptions, type MicrophoneStreamOptions, type OpusEncoding, type PauseOptions, type ReconnectOptions, type ReconnectPolicy, ReconnectedEvent, type ReconnectedInit, ReconnectingEvent, type ReplayOptions, type ResourceInfo, type RetryContext, type SampleInput, type SamplesOptions, type SamplesSource, type ServerEvent, type SourceOpenOptions, StreamErrorEvent, type StreamState, type StreamStats, type SupportReport, type Transcript, type TranscriptSnapshot, type Transport, type TransportCloseInfo, type TransportConnectOptions, type TransportConnection, type UrlProvider, WarningEvent, type WatchMicrophonesOptions, type WebSocketTransportOptions, checkSupport, createMicrophoneStream, createTranscript, isAudioStreamError, listMicrophones, mediaStream, microphone, opus, preloadWorklet, queryMicrophonePermission, samples, showLevel, version, watchMicrophones, webSocket };