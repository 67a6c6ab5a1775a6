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
declare const asyncDispose: typeof Symbol.asyncDispose;
interface Clock {
  now(): number;
  schedule(delayMs: number, callback: () => void): () => void;
}
type Disposer = () => unknown;
interface ScopeOptions {
  readonly name: string;
  readonly clock?: Clock | undefined;
  readonly stepTimeoutMs?: number | undefined;
  readonly onReport?: ((report: DisposalReport) => void) | undefined;
  readonly onChange?: ((change: ResourceChange) => void) | undefined;
}
interface ResourceChange {
  readonly type: "acquired" | "released";
  readonly owner: string;
  readonly resource: string;
}
interface DisposalFailure {
  readonly resource: string;
  readonly error: unknown;
}
interface DisposalReport {
  readonly scope: string;
  readonly failures: readonly DisposalFailure[];
}
interface ResourceInfo {
  readonly owner: string;
  readonly resource: string;
  readonly ageMs: number;
}
interface Registration {
  dispose(): void;
  release(): void;
}
declare class Scope implements AsyncDisposable {
  #private;
  readonly name: string;
  constructor(options: ScopeOptions);
  get signal(): AbortSignal;
  get disposed(): boolean;
  child(name: string): Scope;
  defer(resource: string, dispose: Disposer): Registration;
  timeout(delayMs: number, callback: () => void, resource?: string): Registration;
  listen<E extends Event>(target: EventTarget, type: string, listener: (event: E) => void, options?: AddEventListenerOptions): Registration;
  follow(signal: AbortSignal | undefined, callback: (reason: unknown) => void): Registration;
  resources(): ResourceInfo[];
  dispose(reason?: unknown): Promise<DisposalReport>;
  [asyncDispose](): Promise<void>;
}
type Bytes = ReturnType<typeof Uint8Array.of>;
type Check<T> = (value: unknown, path: string) => T;
type Checked<C> = C extends Check<infer T> ? T : never;
type Fields = Readonly<Record<string, Check<unknown>>>;
type OptionalKeys<F extends Fields> = { [K in keyof F]: undefined extends Checked<F[K]> ? K : never }[keyof F];
type Shape<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Checked<F[K]> } & { readonly [K in OptionalKeys<F>]?: Checked<F[K]> | undefined };
declare const PROTOCOL_VERSION = 1;
declare const encoding: Check<"mulaw" | "opus" | "pcm_f32le" | "pcm_s16le">;
type AudioEncoding = Checked<typeof encoding>;
declare const SERVER_DATA: {
  "server.welcome": Check<Shape<{
    readonly hb: Check<Shape<{
      readonly interval_ms: Check<number>;
      readonly timeout_ms: Check<number>;
    }>>;
    readonly resume_window: Check<Shape<{
      readonly seconds: Check<number>;
      readonly token: Check<string | undefined>;
    }>>;
    readonly limits: Check<Shape<{
      readonly max_in_flight: Check<number>;
      readonly max_msg_bytes: Check<number>;
    }>>;
    readonly generation: Check<number | undefined>;
    readonly audio: Check<Shape<{
      readonly encoding: Check<"mulaw" | "opus" | "pcm_f32le" | "pcm_s16le">;
      readonly sample_rate: Check<number>;
      readonly channels: Check<number>; /** Samples the client may have unacknowledged on the wire. */
      readonly window: Check<number>;
    }> | undefined>;
  }>>;
  "server.hb": Check<Shape<{
    readonly ts: Check<string | undefined>;
  }>>;
  "server.ack": Check<unknown>;
  "server.error": Check<Shape<{
    readonly code: Check<string>;
    readonly detail: Check<string | undefined>;
    readonly retry_after_ms: Check<number | undefined>;
  }>>;
  "server.goaway": Check<Shape<{
    readonly reason: Check<string>;
    readonly retry_after_ms: Check<number | undefined>;
  }>>;
  "session.new": Check<Shape<{
    readonly session_id: Check<string>;
    readonly epoch: Check<number>;
    readonly reason: Check<string>;
    readonly audio: Check<Shape<{
      readonly pace: Check<number>;
    }> | undefined>;
  }>>;
  "session.snapshot": Check<Shape<{
    readonly session_id: Check<string>;
    readonly epoch: Check<number>;
    readonly current_seq: Check<number>; /** Numbered messages the server no longer has, both ends included. */
    readonly gap: Check<Shape<{
      readonly from_seq: Check<number>;
      readonly to_seq: Check<number>;
    }> | undefined>;
    readonly finalized_transcript: Check<readonly unknown[]>;
    readonly active_partials: Check<readonly unknown[]>; /** Finals of the session that are not in the list. */
    readonly omitted_finals: Check<number | undefined>; /** Whether segments that may be unfinished are not in the list. */
    readonly omitted_partials: Check<boolean | undefined>;
  }>>;
  "session.ack": Check<Shape<{
    readonly session_id: Check<string>;
    readonly status: Check<"resumed">;
    readonly epoch: Check<number | undefined>;
    readonly audio: Check<Shape<{
      readonly pace: Check<number>;
    }> | undefined>;
  }>>;
  "session.end": Check<Shape<{
    readonly position: Check<number>;
    readonly reason: Check<string>;
  }>>;
  "audio.ack": Check<Shape<{
    readonly position: Check<number>;
  }>>;
  "audio.resync": Check<Shape<{
    readonly position: Check<number>;
  }>>;
  "asr.partial": Check<Shape<{
    readonly text: Check<string>;
    readonly segment_id: Check<string>;
    readonly final: Check<boolean | undefined>; /** Positions of the segment's first sample and of the one after its last. */
    readonly audio: Check<Shape<{
      readonly from: Check<number>;
      readonly to: Check<number>;
    }> | undefined>; /** The words of the text in order, with the positions of each one's first sample and of the one after its last. */
    readonly words: Check<readonly Shape<{
      readonly text: Check<string>;
      readonly from: Check<number>;
      readonly to: Check<number>;
    }>[] | undefined>; /** Segments whose captions this one takes the place of, once it is final. */
    readonly replaces: Check<readonly string[] | undefined>; /** By a name that the recogniser gave, and a language tag of BCP 47. */
    readonly speaker: Check<string | undefined>;
    readonly language: Check<string | undefined>;
  }>>;
  "asr.final": Check<Shape<{
    readonly text: Check<string>;
    readonly segment_id: Check<string>;
    readonly final: Check<boolean | undefined>; /** Positions of the segment's first sample and of the one after its last. */
    readonly audio: Check<Shape<{
      readonly from: Check<number>;
      readonly to: Check<number>;
    }> | undefined>; /** The words of the text in order, with the positions of each one's first sample and of the one after its last. */
    readonly words: Check<readonly Shape<{
      readonly text: Check<string>;
      readonly from: Check<number>;
      readonly to: Check<number>;
    }>[] | undefined>; /** Segments whose captions this one takes the place of, once it is final. */
    readonly replaces: Check<readonly string[] | undefined>; /** By a name that the recogniser gave, and a language tag of BCP 47. */
    readonly speaker: Check<string | undefined>;
    readonly language: Check<string | undefined>;
  }>>;
  "mt.partial": Check<Shape<{
    readonly text: Check<string>;
    readonly segment_id: Check<string>;
    readonly final: Check<boolean | undefined>; /** Positions of the segment's first sample and of the one after its last. */
    readonly audio: Check<Shape<{
      readonly from: Check<number>;
      readonly to: Check<number>;
    }> | undefined>; /** The words of the text in order, with the positions of each one's first sample and of the one after its last. */
    readonly words: Check<readonly Shape<{
      readonly text: Check<string>;
      readonly from: Check<number>;
      readonly to: Check<number>;
    }>[] | undefined>; /** Segments whose captions this one takes the place of, once it is final. */
    readonly replaces: Check<readonly string[] | undefined>; /** By a name that the recogniser gave, and a language tag of BCP 47. */
    readonly speaker: Check<string | undefined>;
    readonly language: Check<string | undefined>;
  }>>;
  "mt.final": Check<Shape<{
    readonly text: Check<string>;
    readonly segment_id: Check<string>;
    readonly final: Check<boolean | undefined>; /** Positions of the segment's first sample and of the one after its last. */
    readonly audio: Check<Shape<{
      readonly from: Check<number>;
      readonly to: Check<number>;
    }> | undefined>; /** The words of the text in order, with the positions of each one's first sample and of the one after its last. */
    readonly words: Check<readonly Shape<{
      readonly text: Check<string>;
      readonly from: Check<number>;
      readonly to: Check<number>;
    }>[] | undefined>; /** Segments whose captions this one takes the place of, once it is final. */
    readonly replaces: Check<readonly string[] | undefined>; /** By a name that the recogniser gave, and a language tag of BCP 47. */
    readonly speaker: Check<string | undefined>;
    readonly language: Check<string | undefined>;
  }>>;
  "asr.void": Check<Shape<{
    readonly segment_ids: Check<readonly string[]>;
  }>>;
  "mt.void": Check<Shape<{
    readonly segment_ids: Check<readonly string[]>;
  }>>;
  status: Check<unknown>;
  "queue.drop": Check<unknown>;
  "system.heartbeat": Check<unknown>;
  "system.metrics": Check<unknown>;
};
type DataOf<Definitions> = { readonly [T in keyof Definitions]: Checked<Definitions[T]> };
type ServerData = DataOf<typeof SERVER_DATA>;
interface Envelope<T extends string, Data> {
  readonly v: typeof PROTOCOL_VERSION;
  readonly t: T;
  readonly sid?: string | undefined;
  readonly id?: string | undefined;
  readonly seq?: number | undefined;
  readonly corr?: string | undefined;
  readonly t_wall?: string | undefined;
  readonly t_mono_ns?: number | undefined;
  readonly data: Data;
}
type EnvelopeUnion<Data> = { [T in keyof Data & string]: Envelope<T, Data[T]> }[keyof Data & string];
type KnownServerMessage = EnvelopeUnion<ServerData>;
interface AudioFormat {
  readonly encoding: AudioEncoding;
  readonly sampleRate: number;
  readonly channelCount: number;
}
interface AudioFrame {
  readonly payload: Bytes;
  readonly position: number;
  readonly sampleCount: number;
  readonly timestamp: DOMHighResTimeStamp;
  readonly peakLevel: number;
  readonly rmsLevel: number;
}
type InterruptReason = "device-muted" | "device-lost" | "context-suspended" | "context-interrupted" | "context-stalled" | "processor-failed";
type DeviceChangeReason = "requested" | "device-lost" | "device-returned" | "default-changed" | "renewed" | "resumed";
interface AudioSource {
  open(options: SourceOpenOptions): Promise<AudioCapture>;
  release?(reason: unknown): void;
}
interface SourceOpenOptions {
  readonly signal: AbortSignal;
  readonly scope?: Scope | undefined;
  readonly format: AudioFormat;
  readonly frameDurationMs: number;
  onFrame(frame: AudioFrame): void;
  readonly whenRoom?: (() => Promise<void>) | undefined;
  onInterrupt(reason: InterruptReason | undefined): void;
  onDeviceChange(track: MediaStreamTrack, reason: DeviceChangeReason): void;
  onWarning(error: AudioStreamError): void;
  onEnd(error: AudioStreamError): void;
}
interface AudioCapture {
  readonly track: MediaStreamTrack | undefined;
  pause(releaseDevice: boolean): Promise<void>;
  resume(signal?: AbortSignal): Promise<void>;
  flush(): Promise<void>;
  setDevice?(deviceId: ConstrainDOMString | undefined, signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}
type StreamState = "idle" | "warm" | "starting" | "streaming" | "paused" | "interrupted" | "reconnecting" | "closing" | "closed";
type ConnectionState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";
type CloseInfo = {
  readonly outcome: "closed";
} | {
  readonly outcome: "aborted";
  readonly reason: unknown;
} | {
  readonly outcome: "failed";
  readonly error: AnyAudioStreamError;
};
interface AudioStreamErrorDetails {
  unsupported: {
    readonly feature: string;
  };
  "insecure-context": undefined;
  "permission-denied": undefined;
  "device-not-found": undefined;
  "device-in-use": undefined;
  "device-lost": undefined;
  "device-timeout": {
    readonly timeoutMs: number;
  };
  "device-fallback": {
    readonly deviceId: string;
    readonly label: string;
  };
  "worklet-load-failed": {
    readonly url: string;
  };
  "capture-failed": undefined;
  "capture-interrupted": {
    readonly reason: InterruptReason;
  };
  "device-silent": {
    readonly silentMs: number;
  };
  "signal-clipped": {
    readonly clippedMs: number;
  };
  "encoder-failed": undefined;
  "connect-failed": undefined;
  "connect-impossible": undefined;
  "connect-timeout": {
    readonly timeoutMs: number;
  };
  "connection-lost": {
    readonly closeCode: number;
    readonly closeReason: string;
  };
  "heartbeat-timeout": {
    readonly timeoutMs: number;
  };
  unauthorized: undefined;
  "rejected-by-server": {
    readonly closeCode: number;
    readonly closeReason: string;
  };
  "session-in-use": undefined;
  "session-lock-timeout": undefined;
  "session-superseded": undefined;
  "audio-refused": undefined;
  "protocol-violation": undefined;
  "protocol-mismatch": undefined;
  "retries-exhausted": {
    readonly attempts: number;
  };
  "messages-missing": {
    readonly ranges: readonly {
      readonly fromSeq: number;
      readonly toSeq: number;
    }[];
  };
  "audio-dropping": {
    readonly from: number;
    readonly to: number;
    readonly durationMs: number;
  };
  "message-too-large": {
    readonly messageBytes: number;
    readonly maxMessageBytes: number;
  };
  "buffer-overflow": {
    readonly droppedFrames: number;
  };
  "close-timeout": {
    readonly unacknowledgedFrames: number;
  };
  "worker-failed": undefined;
  "code-load-failed": undefined;
  "internal-error": undefined;
  "invalid-state": {
    readonly state: StreamState;
  };
}
type AudioStreamErrorCode = keyof AudioStreamErrorDetails;
interface AudioStreamErrorInit<Code extends AudioStreamErrorCode> extends ErrorOptions {
  readonly details: AudioStreamErrorDetails[Code];
}
declare class AudioStreamError<Code extends AudioStreamErrorCode = AudioStreamErrorCode> extends Error {
  readonly name = "AudioStreamError";
  readonly code: Code;
  readonly details: AudioStreamErrorDetails[Code];
  constructor(code: Code, message: string, options: AudioStreamErrorInit<Code>);
  static [Symbol.hasInstance](value: unknown): boolean;
  get retryable(): boolean;
}
type AnyAudioStreamError = { [Code in AudioStreamErrorCode]: AudioStreamError<Code> }[AudioStreamErrorCode];
interface TypedEventTarget<Events> extends EventTarget {
  addEventListener<K extends keyof Events & string>(type: K, listener: (this: this, event: Events[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof Events & string>(type: K, listener: (this: this, event: Events[K]) => void, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}
declare const TypedEventTarget: new <Events>(onListener: (type: string) => void) => TypedEventTarget<Events>;
interface Level {
  readonly position: number;
  readonly timestamp: DOMHighResTimeStamp;
  readonly peakLevel: number;
  readonly rmsLevel: number;
  readonly mutedPeakLevel: number;
}
type ServerEvent = Extract<KnownServerMessage, {
  t: "asr.partial" | "asr.final" | "asr.void" | "mt.partial" | "mt.final" | "mt.void" | "status" | "queue.drop";
}>;
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
interface ReconnectedInit {
  readonly resumed: boolean;
  readonly replayedFrames: number;
  readonly downtimeMs: number;
  readonly missingAudio: {
    readonly from: number;
    readonly to: number;
  } | undefined;
  readonly missingMessages: readonly {
    readonly fromSeq: number;
    readonly toSeq: number;
  }[];
}
declare class ReconnectedEvent extends Event {
  readonly resumed: boolean;
  readonly replayedFrames: number;
  readonly downtimeMs: number;
  readonly missingAudio: {
    readonly from: number;
    readonly to: number;
  } | undefined;
  readonly missingMessages: readonly {
    readonly fromSeq: number;
    readonly toSeq: number;
  }[];
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
interface OpusEncoding {
  readonly name: "opus";
}
interface ConnectContext {
  readonly attempt: number;
  readonly signal: AbortSignal;
}
type UrlProvider = string | URL | ((context: ConnectContext) => string | URL | Promise<string | URL>);
interface Transport {
  connect(options: TransportConnectOptions): Promise<TransportConnection>;
}
interface TransportConnectOptions extends ConnectContext {
  readonly scope?: Scope | undefined;
  readonly streamScope?: Scope | undefined;
  onMessage(data: string | Bytes): void;
}
interface TransportConnection {
  readonly bufferedBytes: number;
  readonly closed: Promise<TransportCloseInfo>;
  send(data: string | Bytes): void;
  close(code: number, reason: string): void;
}
interface TransportCloseInfo {
  readonly code: number;
  readonly reason: string;
  readonly clean: boolean;
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
interface CaptionsTexts {
  readonly start: string;
  readonly stop: string;
  readonly microphone: string;
  readonly defaultMicrophone: string;
  readonly level: string;
  readonly captions: string;
  readonly starting: string;
  readonly reconnecting: string;
  readonly interrupted: string;
  readonly lost: string;
}
interface CaptionsElement extends HTMLElement {
  url: UrlProvider;
  options: MicrophoneStreamOptions;
  texts: Partial<CaptionsTexts>;
  readonly stream: AudioStream | undefined;
  start(): Promise<void>;
  close(): Promise<void>;
  abort(): void;
}
declare function defineCaptionsElement(name?: string): void;
export { type CaptionsElement, type CaptionsTexts, defineCaptionsElement };