/**
 * Every text message of protocol v1, as PROTOCOL.md describes it. Both ends check what comes in against these
 * definitions and take their types from them.
 */
import { transcript, voided } from "./caption-checks.js";
import { identifier, position } from "./common-checks.js";
import { toJson } from "./json.js";
import { MAX_SENTENCE_LENGTH, MAX_TOKEN_LENGTH } from "./limits.js";
import { PLAYBACK_SERVER_CHECKS, playbackClientChecks } from "./playback-messages.js";
import {
  anything,
  type Check,
  type Checked,
  flag,
  isObject,
  list,
  oneOf,
  optional,
  real,
  record,
  ShapeError,
  text,
  whole,
} from "./shape.js";

/** The `v` of every message. */
export const PROTOCOL_VERSION = 1;

/** Name of the WebSocket subprotocol; the only one a server may echo. */
export const SUBPROTOCOL = "loquilex.v1";

/** What a client writes into `client.hello.accept` to offer binary audio frames. */
export const AUDIO_EXTENSION = "audio/1";

const secret = text(MAX_TOKEN_LENGTH);
const sequence = whole();
const sentence = text(MAX_SENTENCE_LENGTH);

const encoding = oneOf("pcm_s16le", "pcm_f32le", "mulaw", "opus");
/** Encoding of audio payloads on the wire. */
export type AudioEncoding = Checked<typeof encoding>;

const audioOffer = record({
  encoding,
  /** Hz. */
  sample_rate: whole(8_000, 192_000),
  channels: whole(1, 2),
  /** Oldest position the client still holds, and the position of the next sample it will capture. */
  first: position,
  next: position,
});
/** The audio that a client wants to send: its format, and which positions it holds. */
export type AudioOffer = Checked<typeof audioOffer>;

/** What every opening message tells about the client, the first time and after a reconnect alike. */
const opening = () => ({
  agent: text(200),
  accept: list(text(40), 16),
  ack_mode: oneOf("cumulative"),
  /** Numbered messages the client lets the server send beyond the last acknowledged one. */
  max_in_flight: whole(1, 100_000),
  session_id: identifier,
  client_id: identifier,
  /** Counts this client's connections; a lower one than the session has seen is a late echo and refused. */
  attempt: whole(1),
  /** The application's token, checked by the server's own rules. */
  token: optional(secret),
  audio: audioOffer,
});

const audioStart = record({
  /** Where the server wants audio to start. */
  position,
  /** Audio is sent at most this many times faster than it was spoken. */
  pace: real(1, 1_000),
});

/** A function, so that a page, which reads no messages of clients, does not carry their checks. */
const clientChecks = () => ({
  "client.hello": record({ ...opening(), takeover: optional(flag) }),
  "session.resume": record({
    ...opening(),
    last_seq: sequence,
    epoch: optional(whole()),
    resume_token: optional(secret),
  }),
  "client.hb": record({ ts: optional(text(64)) }),
  "client.ack": record({ ack_seq: sequence }),
  "client.flow": record({ max_in_flight: whole(1, 100_000) }),
  "client.end": record({ position }),
  ...playbackClientChecks(),
});

let clientData: ReturnType<typeof clientChecks> | undefined;

const SERVER_DATA = {
  "server.welcome": record({
    hb: record({ interval_ms: whole(1, 3_600_000), timeout_ms: whole(1, 3_600_000) }),
    resume_window: record({ seconds: real(0, 31_536_000), token: optional(secret) }),
    limits: record({ max_in_flight: whole(1, 100_000), max_msg_bytes: whole(1, 1_000_000_000) }),
    generation: optional(whole()),
    audio: optional(
      record({
        encoding,
        sample_rate: whole(8_000, 192_000),
        channels: whole(1, 2),
        /** Samples the client may have unacknowledged on the wire. */
        window: whole(1),
      }),
    ),
  }),
  "server.hb": record({ ts: optional(text(64)) }),
  "server.ack": anything,
  "server.error": record({
    code: text(64),
    detail: optional(sentence),
    retry_after_ms: optional(whole(0, 86_400_000)),
  }),
  "server.goaway": record({ reason: text(123), retry_after_ms: optional(whole(0, 86_400_000)) }),
  "session.new": record({
    session_id: identifier,
    epoch: whole(),
    reason: text(64),
    audio: optional(audioStart),
  }),
  "session.snapshot": record({
    session_id: identifier,
    epoch: whole(),
    current_seq: sequence,
    /** Numbered messages the server no longer has, both ends included. */
    gap: optional(record({ from_seq: sequence, to_seq: sequence })),
    finalized_transcript: list(anything, 100_000),
    active_partials: list(anything, 1_000),
    /** Finals of the session that are not in the list. */
    omitted_finals: optional(whole()),
    /** Whether segments that may be unfinished are not in the list. */
    omitted_partials: optional(flag),
  }),
  "session.ack": record({
    session_id: identifier,
    status: oneOf("resumed"),
    epoch: optional(whole()),
    audio: optional(audioStart),
  }),
  "session.end": record({ position, reason: text(123) }),
  "audio.ack": record({ position }),
  "audio.resync": record({ position }),
  "asr.partial": transcript,
  "asr.final": transcript,
  "mt.partial": transcript,
  "mt.final": transcript,
  "asr.void": voided,
  "mt.void": voided,
  status: anything,
  "queue.drop": anything,
  "system.heartbeat": anything,
  "system.metrics": anything,
};

type DataOf<Definitions> = { readonly [T in keyof Definitions]: Checked<Definitions[T]> };
/** The `data` of each message a client may send, by its `t`. */
export type ClientData = DataOf<ReturnType<typeof clientChecks>>;
/** The `data` of each message a server may send, by its `t`. */
export type ServerData = DataOf<typeof SERVER_DATA>;
/** The `t` of a message that a client may send. */
export type ClientMessageType = keyof ClientData;
/** The `t` of a message that a server may send and the protocol defines. */
export type ServerMessageType = keyof ServerData;

/** What surrounds the data of every text message. */
export interface Envelope<T extends string, Data> {
  /** The version of the protocol. */
  readonly v: typeof PROTOCOL_VERSION;
  /** The type of the message. */
  readonly t: T;
  /** The session that it is about. */
  readonly sid?: string | undefined;
  /** Names the message, for one that answers it. */
  readonly id?: string | undefined;
  /** Set on the messages that are numbered, acknowledged and replayed. */
  readonly seq?: number | undefined;
  /** The `id` of the message this one answers. */
  readonly corr?: string | undefined;
  /** The sender's date and time, for logs alone. */
  readonly t_wall?: string | undefined;
  /** The sender's monotonic clock in nanoseconds, for logs alone. */
  readonly t_mono_ns?: number | undefined;
  /** What the type says that it is. */
  readonly data: Data;
}

type EnvelopeUnion<Data> = { [T in keyof Data & string]: Envelope<T, Data[T]> }[keyof Data & string];
/** A message of a client; `t` tells which. */
export type ClientMessage = EnvelopeUnion<ClientData>;
/** A message whose type the protocol defines. */
export type KnownServerMessage = EnvelopeUnion<ServerData>;
/** A message of the application's own type: any `t` outside the reserved prefixes. */
export interface ApplicationMessage extends Envelope<string, unknown> {
  /** Set by {@link parseServerMessage} on types that the protocol does not define; nothing on the wire. */
  readonly application: true;
}
/** A message of a server: one of the protocol, or one of the application's own. */
export type ServerMessage = KnownServerMessage | ApplicationMessage;

const RESERVED = ["client.", "server.", "session.", "audio.", "system."];

const envelope = record({
  v: whole(),
  t: text(64),
  sid: optional(identifier),
  id: optional(identifier),
  seq: optional(sequence),
  corr: optional(identifier),
  t_wall: optional(text(64)),
  t_mono_ns: optional(real(0)),
});

/** Everything that messages are checked against: `dist/protocol.schema.json` is made of it. */
export const messageChecks = () => ({
  envelope,
  reserved: RESERVED,
  client: clientChecks(),
  server: { ...SERVER_DATA, ...PLAYBACK_SERVER_CHECKS },
});

/** Thrown for a version this end does not speak, so that the caller can answer with its own close code. */
export class UnsupportedVersionError extends ShapeError {}

function parse(json: string): { head: Checked<typeof envelope>; data: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new ShapeError("The message must be JSON.");
  }
  const head = envelope(value, "message");
  if (head.v !== PROTOCOL_VERSION) {
    throw new UnsupportedVersionError(`message.v must be ${PROTOCOL_VERSION}, and is ${head.v}.`);
  }
  return { head, data: isObject(value) ? value.data : undefined };
}

/** Reads a client's text frame. @throws ShapeError naming the field that is wrong. */
export function parseClientMessage(json: string): ClientMessage {
  const { head, data } = parse(json);
  clientData ??= clientChecks();
  if (!Object.hasOwn(clientData, head.t)) {
    throw new ShapeError(`message.t must be a client message, and is "${head.t}".`);
  }
  const check = clientData[head.t as ClientMessageType] as Check<unknown>;
  return { ...head, data: check(data, "data") } as ClientMessage;
}

/**
 * Reads a server's text frame. A type the protocol does not define is an application message, unless it has a reserved
 * prefix. @throws ShapeError naming the field that is wrong.
 */
export function parseServerMessage(json: string): ServerMessage {
  const { head, data } = parse(json);
  if (Object.hasOwn(SERVER_DATA, head.t)) {
    const check = SERVER_DATA[head.t as ServerMessageType] as Check<unknown>;
    return { ...head, data: check(data, "data") } as KnownServerMessage;
  }
  if (RESERVED.some((prefix) => head.t.startsWith(prefix))) {
    throw new ShapeError(`message.t "${head.t}" is reserved and unknown.`);
  }
  return { ...head, v: PROTOCOL_VERSION, data, application: true };
}

/** Tells the application's own messages from those of the protocol. */
export const isApplicationMessage = (message: ServerMessage): message is ApplicationMessage => "application" in message;

/** Builds a client's text frame. */
export function encodeClientMessage<T extends ClientMessageType>(
  t: T,
  data: ClientData[T],
  more: { readonly sid?: string | undefined; readonly id?: string } = {},
): string {
  return toJson({ v: PROTOCOL_VERSION, t, ...more, data });
}

/** Fields of the envelope that a server may set. */
export type ServerEnvelopeFields = Pick<
  Envelope<string, unknown>,
  "sid" | "id" | "seq" | "corr" | "t_wall" | "t_mono_ns"
>;

/** Builds a server's text frame; `t` may be an application's own type. */
export function encodeServerMessage<T extends ServerMessageType>(
  t: T,
  data: ServerData[T],
  more?: ServerEnvelopeFields,
): string;
export function encodeServerMessage(t: string, data: unknown, more?: ServerEnvelopeFields): string;
export function encodeServerMessage(t: string, data: unknown, more: ServerEnvelopeFields = {}): string {
  return toJson({ v: PROTOCOL_VERSION, t, ...more, data });
}
