import type { PlacedFrame, ProcessorId } from "../capture/inlet/frame-inlet.js";
import type { AudioFrame } from "../capture/source.js";
import type { AudioStreamError } from "../errors.js";
import type { FramePathOptions } from "../frames/frame-path.js";
import type { Level } from "../frames/level-window.js";
import type { TimelinePoint } from "../frames/timeline-points.js";
import type { SessionEvent, SessionInput, SessionStats } from "../session/session-io.js";
import type { SessionOptions } from "../session/session-options.js";
import type { ProcessorFrame } from "../worklet/port-messages.js";

/** What a running side is made with. */
export interface RunningOptions extends FramePathOptions {
  readonly session: SessionOptions;
}

/** What the page wants of the running side. Each command could cross to a worker, and takes effect in order. */
export type RunningCommand =
  | { readonly type: "frame"; readonly frame: PlacedFrame }
  /** A frame came when none was wanted: it is not sent, and counts as lost. */
  | { readonly type: "refuse"; readonly frame: PlacedFrame }
  /**
   * A processor begins, whose frames come through the port, or as `processor-frame` if there is none.
   * @param offset if another running side had placed it, see `placed`.
   */
  | {
      readonly type: "processor";
      readonly processor: ProcessorId;
      readonly port: MessagePort | undefined;
      readonly offset: number | undefined;
    }
  /** Another running side had tied a sample of the source to the page's clock. */
  | { readonly type: "capture-restore"; readonly position: number; readonly timestamp: DOMHighResTimeStamp }
  /** What the page has captured up to this position of the source went to another running side; nothing if `undefined`. */
  | { readonly type: "captured"; readonly position: number | undefined }
  | { readonly type: "processor-frame"; readonly processor: ProcessorId; readonly frame: ProcessorFrame }
  | { readonly type: "processor-clock"; readonly processor: ProcessorId; readonly clockMs: number }
  | {
      readonly type: "processor-hold" | "processor-release" | "processor-rebase" | "processor-end";
      readonly processor: ProcessorId;
    }
  | { readonly type: "capture-pause"; readonly missingUntil: DOMHighResTimeStamp | undefined }
  /** @param at when, on the page's `performance.now()` clock. */
  | { readonly type: "mute"; readonly muted: boolean; readonly at: DOMHighResTimeStamp }
  /** Somebody wants levels from now on. */
  | { readonly type: "levels" }
  /** Lets out what was kept from before the start, and everything from now on. */
  | { readonly type: "start" }
  /** Nothing is captured for now, so nothing is loud. */
  | { readonly type: "still" }
  | { readonly type: "device-changed" }
  /** Where the player of the server's audio is. */
  | { readonly type: "playback"; readonly port: MessagePort }
  /** A recording keeps what is captured: it gets each frame through the port, and back what it has posted. */
  | { readonly type: "recording"; readonly port: MessagePort }
  | { readonly type: "connect" }
  /** A journal keeps through the port what the session has not delivered: it gets each frame, and checkpoints. */
  | { readonly type: "journal"; readonly port: MessagePort }
  /** What a journal has kept of another session, for one that goes on for it: goes to the session as it is. */
  | { readonly type: "session"; readonly inputs: readonly SessionInput[] }
  /** The page or the network came back, or, if it is urgent, a person does not want to wait. */
  | { readonly type: "probe"; readonly urgent?: boolean }
  /** The page is being put away. */
  | { readonly type: "suspend" }
  /** Nothing more is captured: what is there is sent, then the server says goodbye. */
  | { readonly type: "end"; readonly timeoutMs: number }
  | RunningRequest;

/** What the page wants to know when it is done. Each is answered with `reply` or `refusal`. */
export type RunningRequest = RunningQuestion & { readonly id: number };

export type RunningQuestion =
  | { readonly type: "prepare" | "flush" | "room" | "stats" }
  /** @param position in the stream. */
  | { readonly type: "settled"; readonly position: number };

/** What the answer to a request holds. */
export interface RunningReplies {
  /** The encoder, if there is one, is ready. */
  prepare: undefined;
  /** What was captured has gone on to the session. */
  flush: Pick<SessionStats, "capturedPosition">;
  /** How far every sample is acknowledged, or known to be lost: up to the position at least. */
  settled: number;
  /** More can be taken without losing what the server has not got. */
  room: undefined;
  stats: RunningStats;
}

export interface RunningStats extends SessionStats {
  /** The last frame's. */
  readonly level: Pick<AudioFrame, "peakLevel" | "rmsLevel">;
}

/** What the page learns of the running side, in order. */
export type RunningEvent =
  | Exclude<SessionEvent, { readonly type: "acknowledged" }>
  /** Somebody speaks from this position on, or nobody. May say what was known before. */
  | { readonly type: "speech"; readonly speaking: boolean; readonly position: number }
  /** The first frame has gone on to the session. @param origin its position by the source. */
  | { readonly type: "audio"; readonly origin: number }
  /** A processor's positions count from here in the capture. */
  | { readonly type: "placed"; readonly processor: ProcessorId; readonly offset: number }
  | { readonly type: "point"; readonly point: TimelinePoint }
  | { readonly type: "level"; readonly level: Level }
  /** The source's audio cannot be encoded any more. */
  | { readonly type: "source-failed"; readonly error: AudioStreamError }
  /** A processor has obeyed a command, and its frames are taken. */
  | { readonly type: "done"; readonly processor: ProcessorId; readonly command: number }
  | { readonly type: "reply"; readonly id: number; readonly value: unknown }
  | { readonly type: "refusal"; readonly id: number; readonly error: unknown };
