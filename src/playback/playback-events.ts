import type { AnyAudioStreamError } from "../errors.js";

/** Something happened to what the server says, at a position of it. */
export class PlaybackEvent extends Event {
  /** Samples of the server's audio before it, at the server's rate. */
  readonly position: number;

  constructor(type: string, position: number) {
    super(type);
    this.position = position;
  }
}

/** What the server said was cut off. Everything before `position` was heard. */
export class InterruptedEvent extends PlaybackEvent {
  /** Position after the last sample that had come. What lies between was not heard. */
  readonly receivedTo: number;

  constructor(heard: number, receivedTo: number) {
    super("interrupted", heard);
    this.receivedTo = receivedTo;
  }
}

/** The microphone is silenced from here on because the voice is heard, or is not any more. */
export class HalfDuplexChangeEvent extends Event {
  /** Whether it is silenced. */
  readonly microphoneSilenced: boolean;
  /** Samples of the stream before it, at the stream's rate. */
  readonly position: number;

  constructor(microphoneSilenced: boolean, position: number) {
    super("halfduplexchange");
    this.microphoneSilenced = microphoneSilenced;
    this.position = position;
  }
}

/** The server's audio is not played as it should. The stream goes on. */
export class PlaybackErrorEvent extends Event {
  /** What happened, and what to do. */
  readonly error: AnyAudioStreamError;

  constructor(error: AnyAudioStreamError) {
    super("error");
    this.error = error;
  }
}

/** Events of a {@link Playback} by name. */
export interface PlaybackEventMap {
  /** Ten times a second while something is played, and when it begins, ends or waits. */
  playbackposition: PlaybackEvent;
  /** {@link Playback.interrupt} has taken effect, and the server is told. */
  interrupted: InterruptedEvent;
  /** The player ran empty in the middle of something, and waits for more. Nothing is lost. */
  underrun: PlaybackEvent;
  /** The server has lost what it had to say here. */
  gap: PlaybackEvent;
  /** With the option `halfDuplex`: from this sample of the stream on the microphone is silenced, or is not any more. */
  halfduplexchange: HalfDuplexChangeEvent;
  /** Read `playback.blocked`. */
  blockedchange: Event;
  /** Something is not played as it should. */
  error: PlaybackErrorEvent;
}
