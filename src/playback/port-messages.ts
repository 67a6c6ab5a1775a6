/** Raised with any change of the messages below. */
const PORT_VERSION = 2;

/** Under which the processor of the audio thread is registered. */
export const PLAYER_NAME = `loquilex-playback-${PORT_VERSION}`;

/** Audio that the server says is on its way, at most, in milliseconds. The player has room for as much. */
export const WINDOW_MS = 10_000;

/** What the server speaks in. */
export interface PlaybackFormat {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** Samples of a format that are in the window. */
export const windowOf = ({ sampleRate }: PlaybackFormat): number => Math.ceil((WINDOW_MS / 1_000) * sampleRate);

/** Where a player stands. */
export interface PlayerState {
  /** Position of the next sample to be heard. Those before it were heard, or cut off. */
  readonly heard: number;
  /** Position after the last sample that the player has. */
  readonly next: number;
  /** How often it was interrupted. */
  readonly interrupts: number;
  /** How many of these the server has answered. What was sent before an answer is not for the player. */
  readonly answered: number;
}

/** From the running side to the page. */
export type ToPage =
  /** The server speaks in this format: a player is needed, and its port is to be posted as {@link PlayerPort}. */
  | { readonly type: "format"; readonly format: PlaybackFormat }
  /** The server has lost what it had to say before this position. */
  | { readonly type: "gap"; readonly position: number }
  /** Another server speaks in another format, and cannot be played. */
  | { readonly type: "mismatch"; readonly format: PlaybackFormat }
  /** The microphone is silenced from this position of the stream on, because the player would be heard, or not any more. */
  | { readonly type: "half-duplex"; readonly isSilenced: boolean; readonly position: number };

/** What ties the player's sound to the microphone's. */
export interface PlayerClock {
  /** When the player's context was at zero, on the page's `performance.now()` clock. Late by what the engine renders at once, at most. */
  readonly zeroMs: number;
  /** For how long the microphone is silenced after something loud was rendered, in milliseconds. */
  readonly holdMs: number;
}

/** From the page to the running side. */
export type ToRunningSide =
  | { readonly type: "player"; readonly port: MessagePort }
  /** Only with half duplex. */
  | { readonly type: "clock"; readonly clock: PlayerClock };

/** From the running side to the player. */
export type ToPlayer =
  /** The server goes on from this position. */
  | { readonly type: "start"; readonly position: number; readonly interrupts: number }
  /** @param samples signed 16-bit integers, the channels interleaved. */
  | { readonly type: "samples"; readonly samples: ArrayBuffer }
  /** What is being said ends with what has come so far. */
  | { readonly type: "end" };

/** From the player to the running side's end of `playback/1`. */
export type FromPlayer =
  | { readonly type: "hello"; readonly state: PlayerState }
  | { readonly type: "heard"; readonly heard: number }
  | { readonly type: "interrupt"; readonly heard: number; readonly interrupts: number };

/** From the player to the running side's half duplex: something loud was rendered, in seconds on the context's clock. */
export interface LoudSpan {
  readonly type: "loud";
  readonly from: number;
  readonly to: number;
}

/** From the page to the player. */
export type PlayerCommand =
  /** Another running side has the server's audio from now on. */
  | { readonly type: "port"; readonly port: MessagePort }
  | { readonly type: "interrupt" }
  /** Nothing is played any more. */
  | { readonly type: "stop" };

/** `idle`: nothing is being said. `waiting`: more has to come before it goes on. */
export type PlayerActivity = "idle" | "playing" | "waiting";

/** From the player to the page. */
export type PlayerReport =
  | {
      readonly type: "position";
      readonly heard: number;
      readonly bufferedSamples: number;
      readonly activity: PlayerActivity;
      /** How often it ran empty in the middle of something, so far. */
      readonly underruns: number;
    }
  | { readonly type: "interrupted"; readonly heard: number; readonly receivedTo: number };

/** Given to the processor at its creation. */
export interface PlayerSettings {
  readonly channels: number;
  /** Samples that the player has room for. */
  readonly capacity: number;
  /** Samples that have to be there before it begins, or goes on after it ran empty. */
  readonly cushion: number;
  /** Loudness from which on the microphone hears it, linear; `undefined` if nobody has to know. */
  readonly loudFrom?: number | undefined;
}
