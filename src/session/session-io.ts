import type { AudioStreamError } from "../errors.js";
import type { AudioRange } from "../internal/range-set.js";
import type { WireAudioFrame } from "../protocol/audio-frame.js";
import type { Bytes } from "../protocol/bytes.js";
import type { ServerMessage } from "../protocol/messages.js";
import type { SeqRange } from "./messages/message-ledger.js";

/** Names one connection; later ones are greater. */
export type ConnectionId = number;

/** What happens to a session. */
export type SessionInput =
  | { readonly type: "start" }
  /**
   * Comes before the start of a session that goes on for another one, see {@link SessionOptions.restored}: audio up to this
   * position was captured for the other one, and is lost if that has not delivered it.
   */
  | { readonly type: "restore"; readonly position: number }
  /** Without a payload it is left out on purpose: a gap, and no loss. */
  | { readonly type: "frame"; readonly frame: WireAudioFrame }
  /** This audio was captured and will never come as a frame: its encoder failed, or its source stopped too late. */
  | { readonly type: "discard"; readonly range: AudioRange }
  /** The transport has opened the connection. */
  | { readonly type: "open"; readonly connection: ConnectionId; readonly token: string | undefined }
  | { readonly type: "message"; readonly connection: ConnectionId; readonly data: string | Uint8Array }
  /** The connection is gone, or never came to be. */
  | { readonly type: "lost"; readonly connection: ConnectionId; readonly loss: ConnectionLoss }
  /** What an extension has to say on the connection that is live. */
  | { readonly type: "say"; readonly data: string }
  /** The time asked for with `wakeAt` has come. */
  | { readonly type: "time" }
  /** The network or the page came back, or, if it is urgent, a person does not want to wait: look after the link now. */
  | { readonly type: "probe"; readonly urgent?: boolean }
  /** The page is being put away: let go of the connection until a probe says that it is back. */
  | { readonly type: "suspend" }
  /** No more frames will come: finish, say goodbye and end. */
  | { readonly type: "end"; readonly timeoutMs: number }
  | { readonly type: "abort" };

export type ConnectionLoss =
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  | { readonly kind: "failed"; readonly error: AudioStreamError };

/** What a session wants done. */
export type SessionOutput =
  | { readonly type: "connect"; readonly connection: ConnectionId; readonly attempt: number }
  | { readonly type: "send"; readonly connection: ConnectionId; readonly data: string | Bytes }
  /** Detach from the connection and close it, without waiting for it. */
  | { readonly type: "disconnect"; readonly connection: ConnectionId; readonly code: number; readonly reason: string }
  | { readonly type: "event"; readonly event: SessionEvent };

/** What the page learns. */
export type SessionEvent =
  | {
      readonly type: "connected";
      /** `undefined` on the first connection. */
      readonly reconnection: Reconnection | undefined;
    }
  | {
      readonly type: "reconnecting";
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: AudioStreamError;
    }
  | { readonly type: "message"; readonly message: ServerMessage }
  | { readonly type: "drop"; readonly range: AudioRange }
  /** Audio is lost that a `drop` will announce, which the next checkpoint must not lack. */
  | { readonly type: "losing" }
  | { readonly type: "warning"; readonly error: AudioStreamError }
  /** Every sample before this position is acknowledged, or was lost. */
  | { readonly type: "acknowledged"; readonly position: number }
  /** The server has everything and has said goodbye. */
  | { readonly type: "ended" }
  | { readonly type: "failed"; readonly error: AudioStreamError };

export interface Reconnection {
  readonly resumed: boolean;
  readonly replayedFrames: number;
  readonly downtimeMs: number;
  readonly missingAudio: AudioRange | undefined;
  readonly missingMessages: readonly SeqRange[];
}

/** What another session needs to go on where this one stands, without the audio that this one holds. */
export interface SessionCheckpoint {
  /** Whether a server has answered, so that there is something to resume. */
  readonly answered: boolean;
  /** At least as many as were asked for: the server takes the connection with the greatest number. */
  readonly connections: number;
  readonly resumeToken: string | undefined;
  readonly epoch: number | undefined;
  readonly lastSeq: number;
  /** Numbers beyond it that were delivered, while a replay is being answered. */
  readonly ahead: readonly number[];
  /** Lost, and not announced yet. */
  readonly losses: readonly AudioRange[];
  /** Never captured, or lost, announced or not. */
  readonly absent: readonly AudioRange[];
  readonly stats: SessionStats;
}

/** Figures for `getStats()`. */
export interface SessionStats {
  readonly framesCaptured: number;
  readonly samplesCaptured: number;
  /** Left out because nobody spoke. */
  readonly samplesWithheld: number;
  readonly capturedPosition: number;
  readonly sentPosition: number;
  readonly acknowledgedPosition: number;
  /** Every sample before this position is acknowledged, or is known to be lost. */
  readonly settledPosition: number;
  readonly framesSent: number;
  readonly framesRetransmitted: number;
  /** All announced by `drop` events. */
  readonly samplesDropped: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly bufferedFrames: number;
  readonly bufferedSamples: number;
  readonly bufferedBytes: number;
  readonly roundTripTimeMs: number | undefined;
  readonly reconnectCount: number;
  readonly captureGapCount: number;
}
