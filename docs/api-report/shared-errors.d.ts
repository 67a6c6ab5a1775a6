import { Scope } from "./shared-scope.js";
import { AudioEncoding, Bytes } from "./shared-messages.js";

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
  readonly canGate?: boolean | undefined;
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
  readonly reason: unknown;
} | {
  readonly error: AnyAudioStreamError;
};
interface MessageRange {
  readonly fromSeq: number;
  readonly toSeq: number;
}
interface AudioStreamErrorDetails {
  unsupported: {
  "insecure-context": undefined;
  "permission-denied": undefined;
  "device-not-found": undefined;
  "device-in-use": undefined;
  "device-lost": undefined;
  "device-timeout": {
  "device-fallback": {
    readonly label: string;
  };
  "worklet-load-failed": {
  "capture-failed": undefined;
  "capture-interrupted": {
  "device-silent": {
  "signal-clipped": {
  "encoder-failed": undefined;
  "playback-failed": undefined;
  "connect-failed": undefined;
  "local-network-denied": undefined;
  "connect-impossible": undefined;
  "connect-timeout": {
  "connection-lost": {
    readonly closeReason: string;
  };
  "heartbeat-timeout": {
  unauthorized: undefined;
  "rejected-by-server": {
    readonly closeReason: string;
  };
  "session-in-use": undefined;
  "session-lock-timeout": undefined;
  "session-superseded": undefined;
  "audio-refused": undefined;
  "protocol-violation": undefined;
  "protocol-mismatch": undefined;
  "retries-exhausted": {
  "messages-missing": {
  "audio-dropping": {
    readonly to: number; /** How much that is, in milliseconds. */
    readonly durationMs: number;
  };
  "message-too-large": {
    readonly maxMessageBytes: number;
  };
  "buffer-overflow": {
  "close-timeout": {
  "worker-failed": undefined;
  "code-load-failed": undefined;
  "journal-unavailable": {
  "recording-incomplete": {
    readonly reason: "full" | "in-use" | "unsupported" | "encoder-failed";
  };
  "internal-error": undefined;
  "invalid-state": {
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
declare function isAudioStreamError(value: unknown): value is AnyAudioStreamError;
declare function isAudioStreamError<Code extends AudioStreamErrorCode>(value: unknown, code: Code): value is AudioStreamError<Code>;
export { AnyAudioStreamError, AudioCapture, AudioFormat, AudioFrame, AudioSource, AudioStreamError, AudioStreamErrorCode, AudioStreamErrorDetails, AudioStreamErrorInit, CloseInfo, ConnectionState, DeviceChangeReason, InterruptReason, MessageRange, SourceOpenOptions, StreamState, isAudioStreamError };