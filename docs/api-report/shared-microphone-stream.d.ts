import { AnyAudioStreamError, AudioSource, CloseInfo, ConnectionState, DeviceChangeReason, MessageRange, StreamState } from "./shared-errors.js";
import { ResourceInfo, asyncDispose } from "./shared-scope.js";
import { Playback, TypedEventTarget } from "./shared-playback.js";
import { AudioEncoding, KnownServerMessage } from "./shared-messages.js";
import { ConnectContext, Transport, UrlProvider } from "./shared-transport.js";

declare const CHANNEL_POLICIES: readonly ["mix", "left", "right", "stereo"];
type ChannelPolicy = (typeof CHANNEL_POLICIES)[number];
interface MicrophoneOptions {
  readonly deviceId?: ConstrainDOMString | undefined;
  readonly channelCount?: 1 | 2 | undefined;
  readonly channels?: ChannelPolicy | undefined;
  readonly echoCancellation?: boolean | undefined;
  readonly noiseSuppression?: boolean | undefined;
  readonly autoGainControl?: boolean | undefined;
  readonly deviceLossTimeoutMs?: number | undefined;
  readonly track?: MediaStreamTrack | undefined;
  readonly audioContext?: AudioContext | undefined;
  readonly workletUrl?: string | URL | undefined;
}
interface OpusEncoding {
  readonly name: "opus";
}
interface Level {
  readonly position: number;
  readonly timestamp: DOMHighResTimeStamp;
  readonly peakLevel: number;
  readonly rmsLevel: number;
  readonly mutedPeakLevel: number;
}
type ServerEvent = Extract<KnownServerMessage, {
interface CaptionWord {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}
interface Caption {
  readonly text: string;
  readonly final: boolean;
  readonly segmentId: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly words: readonly CaptionWord[];
  readonly replaces: readonly string[];
  readonly speaker?: string | undefined;
  readonly language?: string | undefined;
}
interface AudioStreamEventMap<Message = ServerEvent> {
  statechange: Event;
  connectionstatechange: Event;
  message: MessageEvent<Message>;
  caption: CaptionEvent;
  reconnecting: ReconnectingEvent;
  reconnected: ReconnectedEvent;
  drop: DropEvent;
  devicechange: DeviceChangeEvent;
  level: LevelEvent;
  warning: WarningEvent;
  error: StreamErrorEvent;
  close: CloseInfoEvent;
}
declare class CaptionEvent extends Event implements Caption {
  readonly text: string;
  readonly final: boolean;
  readonly segmentId: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly words: readonly CaptionWord[];
  readonly replaces: readonly string[];
  readonly speaker?: string | undefined;
  readonly language?: string | undefined;
  constructor(init: Caption);
}
declare class ReconnectingEvent extends Event {
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: AnyAudioStreamError;
  constructor(init: {
    attempt: number;
    delayMs: number;
    error: AnyAudioStreamError;
  });
}
interface AudioSpan {
  readonly from: number;
  readonly to: number;
}
interface ReconnectedInit {
  readonly resumed: boolean;
  readonly replayedFrames: number;
  readonly downtimeMs: number;
  readonly missingAudio: AudioSpan | undefined;
  readonly missingMessages: readonly MessageRange[];
}
declare class ReconnectedEvent extends Event {
  readonly resumed: boolean;
  readonly replayedFrames: number;
  readonly downtimeMs: number;
  readonly missingAudio: AudioSpan | undefined;
  readonly missingMessages: readonly MessageRange[];
  constructor(init: ReconnectedInit);
}
declare class DropEvent extends Event {
  readonly from: number;
  readonly to: number;
  readonly durationMs: number;
  constructor(init: {
    from: number;
    to: number;
    durationMs: number;
  });
}
declare class DeviceChangeEvent extends Event {
  readonly track: MediaStreamTrack;
  readonly reason: DeviceChangeReason;
  constructor(init: {
    track: MediaStreamTrack;
    reason: DeviceChangeReason;
  });
}
declare class LevelEvent extends Event {
  readonly position: number;
  readonly timestamp: DOMHighResTimeStamp;
  readonly peakLevel: number;
  readonly rmsLevel: number;
  readonly mutedPeakLevel: number;
  constructor(init: Level);
  get peakDbfs(): number;
  get rmsDbfs(): number;
}
declare class WarningEvent extends Event {
  readonly error: AnyAudioStreamError;
  constructor(error: AnyAudioStreamError);
}
declare class StreamErrorEvent extends Event {
  readonly error: AnyAudioStreamError;
  constructor(error: AnyAudioStreamError);
}
declare class CloseInfoEvent extends Event {
  readonly info: CloseInfo;
  constructor(info: CloseInfo);
}
interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
interface AbortOptions {
  readonly signal?: AbortSignal | undefined;
}
interface PauseOptions extends AbortOptions {
  readonly releaseDevice?: boolean | undefined;
}
interface CloseOptions extends AbortOptions {
  readonly timeoutMs?: number | undefined;
}
interface AudioStreamOptions {
  readonly signal?: AbortSignal | undefined;
  readonly frameDurationMs?: number | undefined;
  readonly sampleRate?: number | undefined;
  readonly encoding?: Exclude<AudioEncoding, "opus"> | OpusEncoding | undefined;
  readonly channelCount?: 1 | 2 | undefined;
  readonly preRollMs?: number | undefined;
  readonly levelIntervalMs?: number | undefined;
  readonly sessionId?: string | undefined;
  readonly takeover?: boolean | undefined;
  readonly host?: "auto" | "worker" | "page" | undefined;
  readonly workerUrl?: string | URL | undefined;
  readonly playback?: Playback | undefined;
  readonly replay?: ReplayOptions | undefined;
  readonly reconnect?: ReconnectOptions | ReconnectPolicy | false | undefined;
  readonly heartbeat?: HeartbeatOptions | false | undefined;
  readonly getToken?: ((context: ConnectContext) => string | Promise<string>) | undefined;
  readonly logger?: Logger | undefined;
}
interface ReplayOptions {
  readonly maxDurationMs?: number | undefined;
  readonly maxBytes?: number | undefined;
  readonly whenFull?: "drop-oldest" | "fail" | undefined;
}
interface ReconnectOptions {
  readonly initialDelayMs?: number | undefined;
  readonly maxDelayMs?: number | undefined;
  readonly factor?: number | undefined;
  readonly jitterRatio?: number | undefined;
  readonly maxAttempts?: number | undefined;
  readonly maxElapsedMs?: number | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly initial?: "retry" | "fail-fast" | undefined;
}
type ReconnectPolicy = (context: RetryContext) => number | null;
interface RetryContext {
  readonly attempt: number;
  readonly elapsedMs: number;
  readonly error: AnyAudioStreamError;
  readonly retryAfterMs: number | undefined;
}
interface HeartbeatOptions {
  readonly intervalMs?: number | undefined;
  readonly timeoutMs?: number | undefined;
}
interface AudioStreamParts {
  readonly source: AudioSource;
  readonly transport: Transport;
}
interface StreamStats {
  readonly timestamp: DOMHighResTimeStamp;
  readonly host: "page" | "worker" | undefined;
  readonly capturedDurationMs: number;
  readonly sentDurationMs: number;
  readonly acknowledgedDurationMs: number;
  readonly framesCaptured: number;
  readonly samplesCaptured: number;
  readonly framesSent: number;
  readonly framesRetransmitted: number;
  readonly droppedDurationMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly bufferedFrames: number;
  readonly bufferedDurationMs: number;
  readonly bufferedBytes: number;
  readonly roundTripTimeMs: number | undefined;
  readonly reconnectCount: number;
  readonly captureGapCount: number;
  readonly clockDriftPpm: number | undefined;
  readonly audioLevel: number;
  readonly rmsLevel: number;
}
declare class AudioStream<Message = ServerEvent> extends TypedEventTarget<AudioStreamEventMap<Message>> implements AsyncDisposable {
  #private;
  constructor(parts: AudioStreamParts, options?: AudioStreamOptions);
  get state(): StreamState;
  get connectionState(): ConnectionState;
  get error(): AnyAudioStreamError | undefined;
  get paused(): boolean;
  get muted(): boolean;
  set muted(muted: boolean);
  get track(): MediaStreamTrack | undefined;
  get sessionId(): string;
  get signal(): AbortSignal;
  get closed(): Promise<CloseInfo>;
  warmUp(options?: AbortOptions): Promise<void>;
  start(options?: AbortOptions): Promise<void>;
  pause(options?: PauseOptions): Promise<void>;
  resume(options?: AbortOptions): Promise<void>;
  setDevice(deviceId: ConstrainDOMString | undefined, options?: AbortOptions): Promise<void>;
  flush(options?: AbortOptions): Promise<void>;
  close(options?: CloseOptions): Promise<void>;
  retryNow(): void;
  abort(reason?: unknown): void;
  [asyncDispose](): Promise<void>;
  getStats(): Promise<StreamStats>;
  toPageTime(position: number): DOMHighResTimeStamp | undefined;
  resources(): ResourceInfo[];
  messages(options?: AbortOptions): AsyncIterableIterator<Message>;
}
interface MicrophoneStreamOptions extends AudioStreamOptions {
  readonly microphone?: MicrophoneOptions | undefined;
}
declare function createMicrophoneStream<Message = ServerEvent>(server: UrlProvider | Transport, options?: MicrophoneStreamOptions): AudioStream<Message>;
declare function createMicrophoneStream(server: UrlProvider | Transport, options?: MicrophoneStreamOptions): AudioStream;
export { AbortOptions, AudioSpan, AudioStream, AudioStreamEventMap, AudioStreamOptions, AudioStreamParts, Caption, CaptionEvent, CaptionWord, ChannelPolicy, CloseInfoEvent, CloseOptions, DeviceChangeEvent, DropEvent, HeartbeatOptions, Level, LevelEvent, Logger, MicrophoneOptions, MicrophoneStreamOptions, OpusEncoding, PauseOptions, ReconnectOptions, ReconnectPolicy, ReconnectedEvent, ReconnectedInit, ReconnectingEvent, ReplayOptions, RetryContext, ServerEvent, StreamErrorEvent, StreamStats, WarningEvent, createMicrophoneStream };