import type { InterruptReason } from "./capture/source.js";
import type { StreamState } from "./state.js";

/** Numbered messages of the server, from one to another. */
export interface MessageRange {
  /** Number of the first. */
  readonly fromSeq: number;
  /** Number of the last, which is one of them. */
  readonly toSeq: number;
}

/** What each code tells beside its sentence. */
export interface AudioStreamErrorDetails {
  /** This browser lacks something the stream needs. */
  unsupported: {
    /** What is missing, such as `media-devices` or `audio-worklet`. */
    readonly feature: string;
  };
  /** Browsers give the microphone only to pages on https or localhost. */
  "insecure-context": undefined;
  /** The person, the browser or the system refused the microphone, or withdrew it. */
  "permission-denied": undefined;
  /** No microphone meets the constraints. */
  "device-not-found": undefined;
  /** The microphone could not be opened, mostly because another program holds it. */
  "device-in-use": undefined;
  /** The microphone was unplugged, and no other came in time. */
  "device-lost": undefined;
  /** The browser has the permission, and did not open the device in time. */
  "device-timeout": {
    /** How long it was waited for, in milliseconds. */
    readonly timeoutMs: number;
  };
  /** The device that was asked for is not there, and another one is used in its place. Audio goes on. */
  "device-fallback": {
    /** The device that was asked for. */
    readonly deviceId: string;
    /** The name of the one that is used; empty if the browser does not tell it. */
    readonly label: string;
  };
  /** The audio-thread module could not be loaded; the message says what was seen. As a warning: not from its address. */
  "worklet-load-failed": {
    /** Where it was to come from: an address, or `inside the package`. */
    readonly url: string;
  };
  /** The microphone is open but delivers nothing, or capturing failed for good. */
  "capture-failed": undefined;
  /** Nothing is captured for now; it goes on by itself where that is possible. */
  "capture-interrupted": {
    /** What interrupts it. */
    readonly reason: InterruptReason;
  };
  /** The device delivers nothing but silence: it may be dead or switched off. Audio goes on. */
  "device-silent": {
    /** For how long so far, in milliseconds. */
    readonly silentMs: number;
  };
  /** The signal is too loud for the device, and is distorted. Audio goes on. */
  "signal-clipped": {
    /** How much of the latest audio is distorted, in milliseconds. */
    readonly clippedMs: number;
  };
  /** The browser's audio encoder failed, or did not answer in time. */
  "encoder-failed": undefined;
  /** The server's audio is not played; the message says why. The stream goes on. */
  "playback-failed": undefined;
  /** The server is unreachable, or did not answer as a server of this protocol does. */
  "connect-failed": undefined;
  /** The browser lets the page reach no address of the local network or of this computer, because the person has not allowed it. */
  "local-network-denied": undefined;
  /** No attempt to connect can ever succeed as asked: an impossible URL or subprotocol, or `ws:` on an https page. */
  "connect-impossible": undefined;
  /** The server did not answer in time. */
  "connect-timeout": {
    /** The limit that was exceeded, in milliseconds. */
    readonly timeoutMs: number;
  };
  /** The connection broke. */
  "connection-lost": {
    /** The close code of the WebSocket; 1006 if it broke without one. */
    readonly closeCode: number;
    /** What was said with it; empty if nothing was. */
    readonly closeReason: string;
  };
  /** The server went silent. */
  "heartbeat-timeout": {
    /** How long its answer was waited for, in milliseconds. */
    readonly timeoutMs: number;
  };
  /** The server refused the token, and a fresh one too. */
  unauthorized: undefined;
  /** The server refused or ended the stream for good. */
  "rejected-by-server": {
    /** The close code of the WebSocket. */
    readonly closeCode: number;
    /** What the server said with it; empty if nothing. */
    readonly closeReason: string;
  };
  /** Another tab or client holds the session id. */
  "session-in-use": undefined;
  /** The browser did not say whether another tab holds the session id. The stream goes on, and the server decides. */
  "session-lock-timeout": undefined;
  /** Another tab or client took the session over. */
  "session-superseded": undefined;
  /** The server speaks the protocol but takes no audio. */
  "audio-refused": undefined;
  /** The server sent something that the protocol does not allow. */
  "protocol-violation": undefined;
  /** The server speaks another version of the protocol, or granted another audio format than was offered. */
  "protocol-mismatch": undefined;
  /** The connection could not be restored. */
  "retries-exhausted": {
    /** How often it was tried. */
    readonly attempts: number;
  };
  /** Numbered messages never came. One that still comes is delivered all the same. */
  "messages-missing": {
    /** Their numbers, both ends of each range included. */
    readonly ranges: readonly MessageRange[];
  };
  /** Audio is being lost. One `drop` event follows when it is over. Audio goes on. */
  "audio-dropping": {
    /** First lost position. */
    readonly from: number;
    /** Position after the last one so far. */
    readonly to: number;
    /** How much that is, in milliseconds. */
    readonly durationMs: number;
  };
  /** The server takes no messages as large as one that has to be sent and cannot be split. */
  "message-too-large": {
    /** Size of that message, in bytes. */
    readonly messageBytes: number;
    /** The server's limit, in bytes. */
    readonly maxMessageBytes: number;
  };
  /** The replay buffer is full, and `replay.whenFull` is `"fail"`. */
  "buffer-overflow": {
    /** Frames that were lost. */
    readonly droppedFrames: number;
  };
  /** The server did not confirm the end in time. */
  "close-timeout": {
    /** Frames that it has not acknowledged. */
    readonly unacknowledgedFrames: number;
  };
  /** No worker could be started, or one has ended by itself. As a warning: the stream goes on. */
  "worker-failed": undefined;
  /** A part of this package that is loaded when it is needed first did not come. */
  "code-load-failed": undefined;
  /** A warning of a stream: its audio is not kept on the disk, or not for the time being, and goes on. Or a journal cannot be recovered. */
  "journal-unavailable": {
    /** What the reason is; docs/journal.md says what each comes to. */
    readonly reason:
      | "no-storage"
      | "no-worker"
      | "storage-full"
      | "storage-failed"
      | "in-use"
      | "other-version"
      | "damaged";
  };
  /** A warning: what a stream captures is not kept by its recording from here on, or not at all. The stream goes on. */
  "recording-incomplete": {
    /**
     * `full`: the recording has reached its limit. `in-use`: another stream has the recording. `unsupported`: the browser does not make
     * its format. `encoder-failed`: what makes it has failed.
     */
    readonly reason: "full" | "in-use" | "unsupported" | "encoder-failed";
  };
  /** Something unexpected threw, in a callback given to the stream or in the stream itself; see the cause. */
  "internal-error": undefined;
  /** The call is not possible in this state. */
  "invalid-state": {
    /** The state of the stream at the call. */
    readonly state: StreamState;
  };
}
/** What went wrong, as a word to branch on. docs/errors.md lists each with what to do about it. */
export type AudioStreamErrorCode = keyof AudioStreamErrorDetails;

const RETRYABLE: ReadonlySet<AudioStreamErrorCode> = new Set([
  "device-in-use",
  "device-lost",
  "device-timeout",
  "capture-interrupted",
  "connect-failed",
  // The person may allow it meanwhile.
  "local-network-denied",
  "connect-timeout",
  "connection-lost",
  "heartbeat-timeout",
  "protocol-violation",
  "retries-exhausted",
  "close-timeout",
]);

/** What an error carries beside its code and its sentence. */
export interface AudioStreamErrorInit<Code extends AudioStreamErrorCode> extends ErrorOptions {
  /** Facts beyond the message, in a form that depends on the code. */
  readonly details: AudioStreamErrorDetails[Code];
}

/** The one error class of the SDK. The message says what happened, why, and what to do next. */
export class AudioStreamError<Code extends AudioStreamErrorCode = AudioStreamErrorCode> extends Error {
  /** By which errors of several copies of the package know each other. */
  override readonly name = "AudioStreamError";
  /** What went wrong, as a word to branch on. */
  readonly code: Code;
  /** Facts beyond the message, in a form that depends on the code. Most codes have none. */
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
