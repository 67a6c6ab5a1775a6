import { AudioEncoding, KnownServerMessage } from "./shared-messages.js";
import { AnyAudioStreamError, CloseInfo, DeviceChangeReason, MessageRange } from "./shared-errors.js";
import { Playback } from "./shared-playback.js";
import { SpeechEvent, VoiceGate } from "./shared-gate.js";
import { Recording } from "./shared-recording.js";
import { ConnectContext } from "./shared-transport.js";

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
  speechstart: SpeechEvent;
  speechend: SpeechEvent;
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
interface PersistentJournal {
  readonly name: "persistent";
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
  readonly gate?: VoiceGate | undefined;
  readonly levelIntervalMs?: number | undefined;
  readonly sessionId?: string | undefined;
  readonly takeover?: boolean | undefined;
  readonly host?: "auto" | "worker" | "page" | undefined;
  readonly workerUrl?: string | URL | undefined;
  readonly playback?: Playback | undefined;
  readonly recording?: Recording | undefined;
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
  readonly journal?: "memory" | PersistentJournal | undefined;
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
export { AbortOptions, AudioSpan, AudioStreamEventMap, AudioStreamOptions, Caption, CaptionEvent, CaptionWord, CloseInfoEvent, CloseOptions, DeviceChangeEvent, DropEvent, HeartbeatOptions, Level, LevelEvent, Logger, OpusEncoding, PauseOptions, PersistentJournal, ReconnectOptions, ReconnectPolicy, ReconnectedEvent, ReconnectedInit, ReconnectingEvent, ReplayOptions, RetryContext, ServerEvent, StreamErrorEvent, WarningEvent };