import type { DeviceChangeReason } from "../../capture/source.js";
import type { AnyAudioStreamError, MessageRange } from "../../errors.js";
import type { Level } from "../../frames/level-window.js";
import type { SpeechEvent } from "../../gate/speech-event.js";
import type { KnownServerMessage } from "../../protocol/messages.js";
import type { CloseInfo } from "../../state.js";

/**
 * A message of the server for the application, in the protocol's envelope; `t` tells them apart. A server's own types
 * come here too: name them, as in `createMicrophoneStream<ServerEvent | MyMessage>(url)`.
 */
export type ServerEvent = Extract<
  KnownServerMessage,
  {
    /** The type of the message. */
    t: "asr.partial" | "asr.final" | "asr.void" | "mt.partial" | "mt.final" | "mt.void" | "status" | "queue.drop";
  }
>;

/** A word of a caption. */
export interface CaptionWord {
  /** The word as it was understood. */
  readonly text: string;
  /** Position of its first sample. */
  readonly from: number;
  /** Position after its last sample. */
  readonly to: number;
}

/**
 * What was said in one segment of the audio. Positions count samples at the wire's rate since the stream began:
 * `from / sampleRate` is seconds, and `stream.toPageTime(from)` is when that sample was captured.
 */
export interface Caption {
  /** The whole text of the segment, as far as it is understood. */
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
  /** The connection is lost, and the next attempt is set. */
  reconnecting: ReconnectingEvent;
  /** The connection is back. */
  reconnected: ReconnectedEvent;
  /** Audio is lost for good. */
  drop: DropEvent;
  /** Audio comes from another track from now on. */
  devicechange: DeviceChangeEvent;
  /** How loud the latest audio was. */
  level: LevelEvent;
  /** Somebody begins to speak; only with the option `gate`. */
  speechstart: SpeechEvent;
  /** Nobody speaks any more; only with the option `gate`. */
  speechend: SpeechEvent;
  /** A problem the stream is handling; one it cannot handle is an `error`. */
  warning: WarningEvent;
  /** The stream has failed, in the start or later, and is over. */
  error: StreamErrorEvent;
  /** The stream has ended, however, and has released everything. */
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
  /** How long until the next attempt, in milliseconds. */
  readonly delayMs: number;
  /** Why the connection is lost, or could not be made. */
  readonly error: AnyAudioStreamError;

  constructor(init: { attempt: number; delayMs: number; error: AnyAudioStreamError }) {
    super("reconnecting");
    this.attempt = init.attempt;
    this.delayMs = init.delayMs;
    this.error = init.error;
  }
}

/** Audio from one position to another. */
export interface AudioSpan {
  /** Position of the first sample. */
  readonly from: number;
  /** Position after the last sample. */
  readonly to: number;
}

/** What a {@link ReconnectedEvent} tells; see there. */
export interface ReconnectedInit {
  /** Whether the server resumed the session. */
  readonly resumed: boolean;
  /** Frames that will be sent again or late. */
  readonly replayedFrames: number;
  /** How long there was no connection, in milliseconds. */
  readonly downtimeMs: number;
  /** Audio that is acknowledged and that this server does not have. */
  readonly missingAudio: AudioSpan | undefined;
  /** Numbered messages that can no longer be had. */
  readonly missingMessages: readonly MessageRange[];
}

/** The stream goes on. */
export class ReconnectedEvent extends Event {
  /** Whether the server resumed the session; `false` when it had lost it and started anew. */
  readonly resumed: boolean;
  /** Frames that will be sent again or late. */
  readonly replayedFrames: number;
  /** How long there was no connection, in milliseconds. */
  readonly downtimeMs: number;
  /** Audio, by position, that an earlier server had acknowledged and this one does not have. */
  readonly missingAudio: AudioSpan | undefined;
  /** Numbered messages, both ends included, that were sent to nobody and can no longer be had. */
  readonly missingMessages: readonly MessageRange[];

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
  /** How much that is, in milliseconds. */
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
  /** The track that is captured from now on. */
  readonly track: MediaStreamTrack;
  /** Why it has changed. */
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
  /** The problem, with a sentence for people in `message`. */
  readonly error: AnyAudioStreamError;

  constructor(error: AnyAudioStreamError) {
    super("warning");
    this.error = error;
  }
}

/** The stream has failed. A rejected `start()` is not reported as unhandled by the browser if there is a listener for this. */
export class StreamErrorEvent extends Event {
  /** Why it failed, with a sentence for people in `message`. */
  readonly error: AnyAudioStreamError;

  constructor(error: AnyAudioStreamError) {
    super("error");
    this.error = error;
  }
}

/** The stream has ended and released everything. */
export class CloseInfoEvent extends Event {
  /** How it ended; what `stream.closed` resolves with. */
  readonly info: CloseInfo;

  constructor(info: CloseInfo) {
    super("close");
    this.info = info;
  }
}
