import type { DeviceChangeReason } from "../../capture/source.js";
import type { AnyAudioStreamError } from "../../errors.js";
import type { Level } from "../../frames/level-window.js";
import type { KnownServerMessage } from "../../protocol/messages.js";
import type { CloseInfo } from "../../state.js";

/**
 * A message of the server for the application, in the protocol's envelope; `t` tells them apart. A server's own types
 * come here too: name them, as in `createMicrophoneStream<ServerEvent | MyMessage>(url)`.
 */
export type ServerEvent = Extract<
  KnownServerMessage,
  {
    t: "asr.partial" | "asr.final" | "asr.void" | "mt.partial" | "mt.final" | "mt.void" | "status" | "queue.drop";
  }
>;

/** A word of a caption, with the positions of its first sample and of the one after its last. */
export interface CaptionWord {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/**
 * What was said in one segment of the audio. Positions count samples at the wire's rate since the stream began:
 * `from / sampleRate` is seconds, and `stream.toPageTime(from)` is when that sample was captured.
 */
export interface Caption {
  readonly text: string;
  /** Whether the text stands. If not, a later caption with the same `segmentId` takes its place. */
  readonly final: boolean;
  /** Names the segment. */
  readonly segmentId: string;
  /** Position of the segment's first sample; `undefined` if the server does not say. */
  readonly from: number | undefined;
  /** Position after the segment's last sample; `undefined` if the server does not say. */
  readonly to: number | undefined;
  /** The words in order; empty if the server sends none. */
  readonly words: readonly CaptionWord[];
  /** Segments whose captions are to be removed once this one is final. */
  readonly replaces: readonly string[];
  /** Who speaks, by a name that the recogniser gave; `undefined` if it does not tell speakers apart. */
  readonly speaker?: string | undefined;
  /** Language tag of BCP 47; `undefined` if the recogniser does not say. */
  readonly language?: string | undefined;
}

/** Events of a stream by name. `Message` is the type of the messages the application expects. */
export interface AudioStreamEventMap<Message = ServerEvent> {
  /** Read `stream.state`. */
  statechange: Event;
  /** Read `stream.connectionState`. */
  connectionstatechange: Event;
  /** A message of the server for the application: captions, status, and types of its own. */
  message: MessageEvent<Message>;
  /** Somebody was understood, for now or for good. */
  caption: CaptionEvent;
  reconnecting: ReconnectingEvent;
  reconnected: ReconnectedEvent;
  drop: DropEvent;
  devicechange: DeviceChangeEvent;
  level: LevelEvent;
  /** A problem the stream is handling; one it cannot handle is an `error`. */
  warning: WarningEvent;
  /** The stream has failed, in the start or later, and is over. */
  error: StreamErrorEvent;
  close: CloseInfoEvent;
}

/** A caption of what was said; see {@link Caption}. */
export class CaptionEvent extends Event implements Caption {
  readonly text: string;
  readonly final: boolean;
  readonly segmentId: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly words: readonly CaptionWord[];
  readonly replaces: readonly string[];
  readonly speaker?: string | undefined;
  readonly language?: string | undefined;

  constructor(init: Caption) {
    super("caption");
    this.text = init.text;
    this.final = init.final;
    this.segmentId = init.segmentId;
    this.from = init.from;
    this.to = init.to;
    this.words = init.words;
    this.replaces = init.replaces;
    this.speaker = init.speaker;
    this.language = init.language;
  }
}

/** The connection is gone and the stream will try again; audio is kept meanwhile. */
export class ReconnectingEvent extends Event {
  /** Failures in a row, this one included. */
  readonly attempt: number;
  readonly delayMs: number;
  readonly error: AnyAudioStreamError;

  constructor(init: { attempt: number; delayMs: number; error: AnyAudioStreamError }) {
    super("reconnecting");
    this.attempt = init.attempt;
    this.delayMs = init.delayMs;
    this.error = init.error;
  }
}

/** What a {@link ReconnectedEvent} tells; see there. */
export interface ReconnectedInit {
  readonly resumed: boolean;
  readonly replayedFrames: number;
  readonly downtimeMs: number;
  readonly missingAudio: { readonly from: number; readonly to: number } | undefined;
  readonly missingMessages: readonly { readonly fromSeq: number; readonly toSeq: number }[];
}

/** The stream goes on. */
export class ReconnectedEvent extends Event {
  /** Whether the server resumed the session; `false` when it had lost it and started anew. */
  readonly resumed: boolean;
  /** Frames that will be sent again or late. */
  readonly replayedFrames: number;
  readonly downtimeMs: number;
  /** Audio, by position, that an earlier server had acknowledged and this one does not have. */
  readonly missingAudio: { readonly from: number; readonly to: number } | undefined;
  /** Numbered messages, both ends included, that were sent to nobody and can no longer be had. */
  readonly missingMessages: readonly { readonly fromSeq: number; readonly toSeq: number }[];

  constructor(init: ReconnectedInit) {
    super("reconnected");
    this.resumed = init.resumed;
    this.replayedFrames = init.replayedFrames;
    this.downtimeMs = init.downtimeMs;
    this.missingAudio = init.missingAudio;
    this.missingMessages = init.missingMessages;
  }
}

/** Audio is lost for good. Every lost sample is in exactly one such event. */
export class DropEvent extends Event {
  /** First lost position. */
  readonly from: number;
  /** Position after the last. */
  readonly to: number;
  readonly durationMs: number;

  constructor(init: { from: number; to: number; durationMs: number }) {
    super("drop");
    this.from = init.from;
    this.to = init.to;
    this.durationMs = init.durationMs;
  }
}

/** The stream captures from another track from now on; its positions go on. */
export class DeviceChangeEvent extends Event {
  readonly track: MediaStreamTrack;
  readonly reason: DeviceChangeReason;

  constructor(init: { track: MediaStreamTrack; reason: DeviceChangeReason }) {
    super("devicechange");
    this.track = init.track;
    this.reason = init.reason;
  }
}

/** How loud the audio of the last `levelIntervalMs` was. What is muted counts as silence. */
export class LevelEvent extends Event {
  /** Of the first sample measured. */
  readonly position: number;
  /** When that sample was captured, on the `performance.now()` clock. */
  readonly timestamp: DOMHighResTimeStamp;
  /** Loudest sample, linear; 1 is full scale. */
  readonly peakLevel: number;
  /** Root mean square, linear. */
  readonly rmsLevel: number;
  /** Loudest sample that was kept back because the stream is muted, linear: shows that a person speaks to nobody. */
  readonly mutedPeakLevel: number;

  constructor(init: Level) {
    super("level");
    this.position = init.position;
    this.timestamp = init.timestamp;
    this.peakLevel = init.peakLevel;
    this.rmsLevel = init.rmsLevel;
    this.mutedPeakLevel = init.mutedPeakLevel;
  }

  /** In decibels relative to full scale; −Infinity for silence. */
  get peakDbfs(): number {
    return 20 * Math.log10(this.peakLevel);
  }

  /** In decibels relative to full scale, where a square wave at full scale is 0; −Infinity for silence. */
  get rmsDbfs(): number {
    return 20 * Math.log10(this.rmsLevel);
  }
}

/** Something went wrong that the stream handles itself; it goes on. */
export class WarningEvent extends Event {
  readonly error: AnyAudioStreamError;

  constructor(error: AnyAudioStreamError) {
    super("warning");
    this.error = error;
  }
}

/** The stream has failed. A rejected `start()` is not reported as unhandled by the browser if there is a listener for this. */
export class StreamErrorEvent extends Event {
  readonly error: AnyAudioStreamError;

  constructor(error: AnyAudioStreamError) {
    super("error");
    this.error = error;
  }
}

/** The stream has ended and released everything. */
export class CloseInfoEvent extends Event {
  readonly info: CloseInfo;

  constructor(info: CloseInfo) {
    super("close");
    this.info = info;
  }
}
