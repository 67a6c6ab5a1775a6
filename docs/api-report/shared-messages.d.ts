type Bytes = ReturnType<typeof Uint8Array.of>;
type Check<T> = (value: unknown, path: string) => T;
type Checked<C> = C extends Check<infer T> ? T : never;
declare class ShapeError extends Error {
  readonly name = "ShapeError";
}
type Fields = Readonly<Record<string, Check<unknown>>>;
type OptionalKeys<F extends Fields> = { [K in keyof F]: undefined extends Checked<F[K]> ? K : never }[keyof F];
type Shape<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Checked<F[K]> } & { readonly [K in OptionalKeys<F>]?: Checked<F[K]> | undefined };
declare const PROTOCOL_VERSION = 1;
declare const SUBPROTOCOL = "loquilex.v1";
declare const AUDIO_EXTENSION = "audio/1";
declare const encoding: Check<"mulaw" | "opus" | "pcm_f32le" | "pcm_s16le">;
type AudioEncoding = Checked<typeof encoding>;
declare const audioOffer: Check<Shape<{
  readonly encoding: Check<"mulaw" | "opus" | "pcm_f32le" | "pcm_s16le">; /** Hz. */
  readonly sample_rate: Check<number>;
  readonly channels: Check<number>; /** Oldest position the client still holds, and the position of the next sample it will capture. */
  readonly first: Check<number>;
  readonly next: Check<number>;
}>>;
type AudioOffer = Checked<typeof audioOffer>;
declare const clientChecks: () => {
  "playback.open": Check<Shape<{
    readonly next: Check<number>;
    readonly heard: Check<number>;
    readonly interrupts: Check<number>;
    readonly window: Check<number>;
  }>>;
  "playback.ack": Check<Shape<{
    readonly heard: Check<number>;
  }>>;
  "playback.interrupt": Check<Shape<{
    readonly heard: Check<number>;
    readonly interrupts: Check<number>;
  }>>;
  "client.hello": Check<Shape<{
    readonly agent: Check<string>;
    readonly accept: Check<readonly string[]>;
    readonly ack_mode: Check<"cumulative">;
    readonly max_in_flight: Check<number>;
    readonly session_id: Check<string>;
    readonly client_id: Check<string>;
    readonly attempt: Check<number>;
    readonly token: Check<string | undefined>;
    readonly audio: Check<Shape<{
      readonly encoding: Check<"mulaw" | "opus" | "pcm_f32le" | "pcm_s16le">; /** Hz. */
      readonly sample_rate: Check<number>;
      readonly channels: Check<number>; /** Oldest position the client still holds, and the position of the next sample it will capture. */
      readonly first: Check<number>;
      readonly next: Check<number>;
    }>>;
    readonly takeover: Check<boolean | undefined>;
  }>>;
  "session.resume": Check<Shape<{
    readonly agent: Check<string>;
    readonly accept: Check<readonly string[]>;
    readonly ack_mode: Check<"cumulative">;
    readonly max_in_flight: Check<number>;
    readonly session_id: Check<string>;
    readonly client_id: Check<string>;
    readonly attempt: Check<number>;
    readonly token: Check<string | undefined>;
    readonly audio: Check<Shape<{
      readonly encoding: Check<"mulaw" | "opus" | "pcm_f32le" | "pcm_s16le">; /** Hz. */
      readonly sample_rate: Check<number>;
      readonly channels: Check<number>; /** Oldest position the client still holds, and the position of the next sample it will capture. */
      readonly first: Check<number>;
      readonly next: Check<number>;
    }>>;
    readonly last_seq: Check<number>;
    readonly epoch: Check<number | undefined>;
    readonly resume_token: Check<string | undefined>;
  }>>;
  "client.hb": Check<Shape<{
    readonly ts: Check<string | undefined>;
  }>>;
  "client.ack": Check<Shape<{
    readonly ack_seq: Check<number>;
  }>>;
  "client.flow": Check<Shape<{
    readonly max_in_flight: Check<number>;
  }>>;
  "client.end": Check<Shape<{
    readonly position: Check<number>;
  }>>;
};
declare const SERVER_DATA: {
  "server.welcome": Check<Shape<{
    readonly hb: Check<Shape<{
      readonly interval_ms: Check<number>;
      readonly timeout_ms: Check<number>;
    }>>;
    readonly resume_window: Check<Shape<{
      readonly seconds: Check<number>;
      readonly token: Check<string | undefined>;
    }>>;
    readonly limits: Check<Shape<{
      readonly max_in_flight: Check<number>;
      readonly max_msg_bytes: Check<number>;
    }>>;
    readonly generation: Check<number | undefined>;
    readonly audio: Check<Shape<{
      readonly encoding: Check<"mulaw" | "opus" | "pcm_f32le" | "pcm_s16le">;
      readonly sample_rate: Check<number>;
      readonly channels: Check<number>; /** Samples the client may have unacknowledged on the wire. */
      readonly window: Check<number>;
    }> | undefined>;
  }>>;
  "server.hb": Check<Shape<{
    readonly ts: Check<string | undefined>;
  }>>;
  "server.ack": Check<unknown>;
  "server.error": Check<Shape<{
    readonly code: Check<string>;
    readonly detail: Check<string | undefined>;
    readonly retry_after_ms: Check<number | undefined>;
  }>>;
  "server.goaway": Check<Shape<{
    readonly reason: Check<string>;
    readonly retry_after_ms: Check<number | undefined>;
  }>>;
  "session.new": Check<Shape<{
    readonly session_id: Check<string>;
    readonly epoch: Check<number>;
    readonly reason: Check<string>;
    readonly audio: Check<Shape<{
      readonly pace: Check<number>;
    }> | undefined>;
  }>>;
  "session.snapshot": Check<Shape<{
    readonly session_id: Check<string>;
    readonly epoch: Check<number>;
    readonly current_seq: Check<number>; /** Numbered messages the server no longer has, both ends included. */
    readonly gap: Check<Shape<{
      readonly from_seq: Check<number>;
      readonly to_seq: Check<number>;
    }> | undefined>;
    readonly finalized_transcript: Check<readonly unknown[]>;
    readonly active_partials: Check<readonly unknown[]>; /** Finals of the session that are not in the list. */
    readonly omitted_finals: Check<number | undefined>; /** Whether segments that may be unfinished are not in the list. */
    readonly omitted_partials: Check<boolean | undefined>;
  }>>;
  "session.ack": Check<Shape<{
    readonly session_id: Check<string>;
    readonly status: Check<"resumed">;
    readonly epoch: Check<number | undefined>;
    readonly audio: Check<Shape<{
      readonly pace: Check<number>;
    }> | undefined>;
  }>>;
  "session.end": Check<Shape<{
    readonly position: Check<number>;
    readonly reason: Check<string>;
  }>>;
  "audio.ack": Check<Shape<{
    readonly position: Check<number>;
  }>>;
  "audio.resync": Check<Shape<{
    readonly position: Check<number>;
  }>>;
  "asr.partial": Check<Shape<{
    readonly text: Check<string>;
    readonly segment_id: Check<string>;
    readonly final: Check<boolean | undefined>;
    readonly audio: Check<Shape<{
      readonly from: Check<number>;
      readonly to: Check<number>;
    }> | undefined>;
    readonly words: Check<readonly Shape<{
      readonly text: Check<string>;
      readonly from: Check<number>;
      readonly to: Check<number>;
    }>[] | undefined>;
    readonly replaces: Check<readonly string[] | undefined>;
    readonly speaker: Check<string | undefined>;
    readonly language: Check<string | undefined>;
  }>>;
  "asr.final": Check<Shape<{
    readonly text: Check<string>;
    readonly segment_id: Check<string>;
    readonly final: Check<boolean | undefined>;
    readonly audio: Check<Shape<{
      readonly from: Check<number>;
      readonly to: Check<number>;
    }> | undefined>;
    readonly words: Check<readonly Shape<{
      readonly text: Check<string>;
      readonly from: Check<number>;
      readonly to: Check<number>;
    }>[] | undefined>;
    readonly replaces: Check<readonly string[] | undefined>;
    readonly speaker: Check<string | undefined>;
    readonly language: Check<string | undefined>;
  }>>;
  "mt.partial": Check<Shape<{
    readonly text: Check<string>;
    readonly segment_id: Check<string>;
    readonly final: Check<boolean | undefined>;
    readonly audio: Check<Shape<{
      readonly from: Check<number>;
      readonly to: Check<number>;
    }> | undefined>;
    readonly words: Check<readonly Shape<{
      readonly text: Check<string>;
      readonly from: Check<number>;
      readonly to: Check<number>;
    }>[] | undefined>;
    readonly replaces: Check<readonly string[] | undefined>;
    readonly speaker: Check<string | undefined>;
    readonly language: Check<string | undefined>;
  }>>;
  "mt.final": Check<Shape<{
    readonly text: Check<string>;
    readonly segment_id: Check<string>;
    readonly final: Check<boolean | undefined>;
    readonly audio: Check<Shape<{
      readonly from: Check<number>;
      readonly to: Check<number>;
    }> | undefined>;
    readonly words: Check<readonly Shape<{
      readonly text: Check<string>;
      readonly from: Check<number>;
      readonly to: Check<number>;
    }>[] | undefined>;
    readonly replaces: Check<readonly string[] | undefined>;
    readonly speaker: Check<string | undefined>;
    readonly language: Check<string | undefined>;
  }>>;
  "asr.void": Check<Shape<{
    readonly segment_ids: Check<readonly string[]>;
  }>>;
  "mt.void": Check<Shape<{
    readonly segment_ids: Check<readonly string[]>;
  }>>;
  status: Check<unknown>;
  "queue.drop": Check<unknown>;
  "system.heartbeat": Check<unknown>;
  "system.metrics": Check<unknown>;
};
type DataOf<Definitions> = { readonly [T in keyof Definitions]: Checked<Definitions[T]> };
type ClientData = DataOf<ReturnType<typeof clientChecks>>;
type ServerData = DataOf<typeof SERVER_DATA>;
type ClientMessageType = keyof ClientData;
type ServerMessageType = keyof ServerData;
interface Envelope<T extends string, Data> {
  readonly v: typeof PROTOCOL_VERSION;
  readonly t: T;
  readonly sid?: string | undefined;
  readonly id?: string | undefined;
  readonly seq?: number | undefined;
  readonly corr?: string | undefined;
  readonly t_wall?: string | undefined;
  readonly t_mono_ns?: number | undefined;
  readonly data: Data;
}
type EnvelopeUnion<Data> = { [T in keyof Data & string]: Envelope<T, Data[T]> }[keyof Data & string];
type ClientMessage = EnvelopeUnion<ClientData>;
type KnownServerMessage = EnvelopeUnion<ServerData>;
interface ApplicationMessage extends Envelope<string, unknown> {
  readonly application: true;
}
type ServerMessage = KnownServerMessage | ApplicationMessage;
declare class UnsupportedVersionError extends ShapeError {}
declare function parseClientMessage(json: string): ClientMessage;
declare function parseServerMessage(json: string): ServerMessage;
declare const isApplicationMessage: (message: ServerMessage) => message is ApplicationMessage;
declare function encodeClientMessage<T extends ClientMessageType>(t: T, data: ClientData[T], more?: {
  readonly sid?: string | undefined;
  readonly id?: string;
}): string;
type ServerEnvelopeFields = Pick<Envelope<string, unknown>, "sid" | "id" | "seq" | "corr" | "t_wall" | "t_mono_ns">;
declare function encodeServerMessage<T extends ServerMessageType>(t: T, data: ServerData[T], more?: ServerEnvelopeFields): string;
declare function encodeServerMessage(t: string, data: unknown, more?: ServerEnvelopeFields): string;
export { AUDIO_EXTENSION, ApplicationMessage, AudioEncoding, AudioOffer, Bytes, Check, Checked, ClientData, ClientMessage, ClientMessageType, Envelope, KnownServerMessage, PROTOCOL_VERSION, SUBPROTOCOL, ServerData, ServerEnvelopeFields, ServerMessage, ServerMessageType, Shape, ShapeError, UnsupportedVersionError, encodeClientMessage, encodeServerMessage, isApplicationMessage, parseClientMessage, parseServerMessage };