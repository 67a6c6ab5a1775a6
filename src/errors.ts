import type { InterruptReason } from "./capture/source.js";
import type { StreamState } from "./state.js";

/** What each code tells beside its sentence. */
export interface AudioStreamErrorDetails {
  /** This browser lacks something the stream needs. */
  unsupported: { readonly feature: string };
  /** Browsers give the microphone only to pages on https or localhost. */
  "insecure-context": undefined;
  "permission-denied": undefined;
  "device-not-found": undefined;
  "device-in-use": undefined;
  "device-lost": undefined;
  /** The browser has the permission, and did not open the device within this time. */
  "device-timeout": { readonly timeoutMs: number };
  /** The device that was asked for is not there, and the one named `label` is used in its place. Audio goes on. */
  "device-fallback": { readonly deviceId: string; readonly label: string };
  /** The audio-thread module could not be loaded; the message says what was seen. As a warning: not from its address. */
  "worklet-load-failed": { readonly url: string };
  "capture-failed": undefined;
  /** Nothing is captured for now; it goes on by itself where that is possible. */
  "capture-interrupted": { readonly reason: InterruptReason };
  /** The device delivers nothing but silence for so long, in milliseconds: it may be dead or switched off. Audio goes on. */
  "device-silent": { readonly silentMs: number };
  /** The signal is too loud for the device, and is distorted. Audio goes on. */
  "signal-clipped": { readonly clippedMs: number };
  /** The browser's audio encoder failed, or did not answer in time. */
  "encoder-failed": undefined;
  "connect-failed": undefined;
  /** No attempt to connect can ever succeed as asked: an impossible URL or subprotocol, or `ws:` on an https page. */
  "connect-impossible": undefined;
  "connect-timeout": { readonly timeoutMs: number };
  "connection-lost": { readonly closeCode: number; readonly closeReason: string };
  "heartbeat-timeout": { readonly timeoutMs: number };
  unauthorized: undefined;
  "rejected-by-server": { readonly closeCode: number; readonly closeReason: string };
  /** Another tab or client holds the session id. */
  "session-in-use": undefined;
  /** The browser did not say whether another tab holds the session id. The stream goes on, and the server decides. */
  "session-lock-timeout": undefined;
  /** Another tab or client took the session over. */
  "session-superseded": undefined;
  /** The server speaks the protocol but takes no audio. */
  "audio-refused": undefined;
  "protocol-violation": undefined;
  /** The server speaks another version of the protocol, or granted another audio format than was offered. */
  "protocol-mismatch": undefined;
  "retries-exhausted": { readonly attempts: number };
  /** Numbered messages, both ends included, never came. One that still comes is delivered all the same. */
  "messages-missing": { readonly ranges: readonly { readonly fromSeq: number; readonly toSeq: number }[] };
  /** Audio is being lost since `from`, up to `to` so far. One `drop` event follows when it is over. Audio goes on. */
  "audio-dropping": { readonly from: number; readonly to: number; readonly durationMs: number };
  /** The server takes no messages as large as one that has to be sent and cannot be split. */
  "message-too-large": { readonly messageBytes: number; readonly maxMessageBytes: number };
  "buffer-overflow": { readonly droppedFrames: number };
  "close-timeout": { readonly unacknowledgedFrames: number };
  /** No worker could be started, or one has ended by itself. As a warning: the stream goes on. */
  "worker-failed": undefined;
  /** A part of this package that is loaded when it is needed first did not come. */
  "code-load-failed": undefined;
  /** Something unexpected threw, in a callback given to the stream or in the stream itself; see the cause. */
  "internal-error": undefined;
  "invalid-state": { readonly state: StreamState };
}
/** What went wrong, as a word to branch on. docs/errors.md lists each with what to do about it. */
export type AudioStreamErrorCode = keyof AudioStreamErrorDetails;

const RETRYABLE: ReadonlySet<AudioStreamErrorCode> = new Set([
  "device-in-use",
  "device-lost",
  "device-timeout",
  "capture-interrupted",
  "connect-failed",
  "connect-timeout",
  "connection-lost",
  "heartbeat-timeout",
  "protocol-violation",
  "retries-exhausted",
  "close-timeout",
]);

/** What an error carries beside its code and its sentence. */
export interface AudioStreamErrorInit<Code extends AudioStreamErrorCode> extends ErrorOptions {
  readonly details: AudioStreamErrorDetails[Code];
}

/** The one error class of the SDK. The message says what happened, why, and what to do next. */
export class AudioStreamError<Code extends AudioStreamErrorCode = AudioStreamErrorCode> extends Error {
  override readonly name = "AudioStreamError";
  readonly code: Code;
  readonly details: AudioStreamErrorDetails[Code];

  constructor(code: Code, message: string, options: AudioStreamErrorInit<Code>) {
    super(message, options);
    this.code = code;
    this.details = options.details;
  }

  /** Also for one of another copy of this class, since the page and the running side have one each. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isAudioStreamError(value);
  }

  /** Whether trying again, without the user or the developer changing anything, can succeed. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** The union form: `switch (error.code)` narrows `error.details`. */
export type AnyAudioStreamError = { [Code in AudioStreamErrorCode]: AudioStreamError<Code> }[AudioStreamErrorCode];

/** Works across realms and duplicate copies of the package, and narrows `details`. */
export function isAudioStreamError(value: unknown): value is AnyAudioStreamError;
export function isAudioStreamError<Code extends AudioStreamErrorCode>(
  value: unknown,
  code: Code,
): value is AudioStreamError<Code>;
export function isAudioStreamError(value: unknown, code?: AudioStreamErrorCode): boolean {
  return (
    value instanceof Error &&
    value.name === "AudioStreamError" &&
    "code" in value &&
    (code === undefined || value.code === code)
  );
}
