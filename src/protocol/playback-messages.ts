import { position } from "./common-checks.js";
import type { ClientMessage } from "./messages.js";
import { type Check, type Checked, flag, isObject, oneOf, optional, record, whole } from "./shape.js";

/** What a client writes into `accept` of its opening to offer that it plays audio of the server. */
export const PLAYBACK_EXTENSION = "playback/1";

const counted = whole();

/** A function, so that a page, which reads no messages of clients, does not carry their checks. */
export const playbackClientChecks = () => ({
  /** There is a player: the server may begin. */
  "playback.open": record({
    /** The next sample the client wants. */
    next: position,
    /** Everything before it was heard, or cut off by an interruption. */
    heard: position,
    /** How often this client has interrupted the server so far. */
    interrupts: counted,
    /** Samples that the server may send beyond what was heard. */
    window: whole(1),
  }),
  /** More was heard. */
  "playback.ack": record({
    /** Everything before it was heard or cut off. */
    heard: position,
  }),
  /** The person interrupts. */
  "playback.interrupt": record({
    /** Everything before it was heard, and nothing after it will be. */
    heard: position,
    /** How often this client has interrupted the server, this time included. */
    interrupts: whole(1),
  }),
});

/** What a server of the extension sends, by its `t`. */
export const PLAYBACK_SERVER_CHECKS = {
  /** The server has something to say. */
  "playback.offer": record({
    /** Encoding of the payload of frames. */
    encoding: oneOf("pcm_s16le"),
    /** Hz. */
    sample_rate: whole(8_000, 96_000),
    /** 2: left and right, interleaved. */
    channels: whole(1, 2),
  }),
  /** Answers `playback.open` and `playback.interrupt`. */
  "playback.start": record({
    /** Position of the first sample of the next frame. */
    position,
    /** The `interrupts` of the message that this one answers. */
    interrupts: counted,
    /** Whether the server has lost what it had to say before this position. */
    gap: optional(flag),
  }),
  /** What was being said ends at this position, so that silence after it is no fault. */
  "playback.end": record({
    /** After the last sample of it. */
    position,
  }),
};

/** The `data` of each message that a server of `playback/1` may send, by its `t`. */
export type PlaybackServerData = {
  readonly [T in keyof typeof PLAYBACK_SERVER_CHECKS]: Checked<(typeof PLAYBACK_SERVER_CHECKS)[T]>;
};
/** The `data` of each message that a client of `playback/1` may send, by its `t`. */
export type PlaybackClientData = {
  readonly [T in keyof ReturnType<typeof playbackClientChecks>]: Checked<ReturnType<typeof playbackClientChecks>[T]>;
};
/** A message of a server of `playback/1`; `t` tells which. */
export type PlaybackServerMessage = {
  [T in keyof PlaybackServerData]: {
    /** Its type. */
    readonly t: T;
    /** What it says. */
    readonly data: PlaybackServerData[T];
  };
}[keyof PlaybackServerData];
/** A message of a client of `playback/1`; `t` tells which. */
export type PlaybackClientMessage = {
  [T in keyof PlaybackClientData]: {
    /** Its type. */
    readonly t: T;
    /** What it says. */
    readonly data: PlaybackClientData[T];
  };
}[keyof PlaybackClientData];

/** Tells the messages of `playback/1` from others of a client. */
export const isPlaybackMessage = (message: ClientMessage): message is ClientMessage & PlaybackClientMessage =>
  message.t.startsWith("playback.");

/**
 * Reads a text frame of a server that has been offered `playback/1`.
 * @returns `undefined` for a message that does not belong to it. @throws ShapeError naming the field that is wrong.
 */
export function parsePlaybackMessage(json: string): PlaybackServerMessage | undefined {
  // Nearly everything that comes is something else, and is read once.
  if (!json.includes('"playback.')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isObject(value) || value.v !== 1 || typeof value.t !== "string") return undefined;
  if (!Object.hasOwn(PLAYBACK_SERVER_CHECKS, value.t)) return undefined;
  const t = value.t as keyof PlaybackServerData;
  const check: Check<unknown> = PLAYBACK_SERVER_CHECKS[t];
  return { t, data: check(value.data, "data") } as PlaybackServerMessage;
}
