import type { ClientData, WireAudioFrame } from "loquilex/protocol";

/** Names one connection; later ones are greater. */
export type PeerId = number;

/** A client's first message on a connection. */
export type Opening =
  | { readonly kind: "hello"; readonly data: ClientData["client.hello"] }
  | { readonly kind: "resume"; readonly data: ClientData["session.resume"] };

/** What the server grants every client. */
export interface ServerTerms {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  /** How long a session waits for its client, counted from the disconnect. */
  readonly resumeTtlMs: number;
  /** Numbered messages kept until the client has acknowledged them. */
  readonly resumeMaxEvents: number;
  /** Bytes of their data. @defaultValue no limit */
  readonly resumeMaxBytes?: number | undefined;
  /** How long each is kept at most, in milliseconds. @defaultValue no limit */
  readonly resumeMaxAgeMs?: number | undefined;
  /** Numbered messages sent ahead of the client's acknowledgement. */
  readonly maxInFlight: number;
  readonly maxMessageBytes: number;
  /** Audio, in milliseconds, that may be received and not yet kept. */
  readonly windowMs: number;
  /** How many times faster than spoken a client may send its backlog. */
  readonly pace: number;
  /** Finals that a snapshot repeats. */
  readonly snapshotFinals: number;
}

/** What happens to one session. */
export type ProtocolInput =
  | { readonly type: "attach"; readonly peer: PeerId; readonly opening: Opening }
  | { readonly type: "data"; readonly peer: PeerId; readonly data: string | Uint8Array<ArrayBuffer> }
  | { readonly type: "detached"; readonly peer: PeerId; readonly code: number }
  /** Another client has taken the session id over, or its own one begins a new lineage. */
  | { readonly type: "superseded"; readonly by: "another client" | "its own client" }
  /** Everything before `position` is safe. */
  | { readonly type: "kept"; readonly position: number }
  /** The store lost what it had taken in and not kept. */
  | { readonly type: "rewind"; readonly position: number }
  /** A message for the client, to be numbered. */
  | { readonly type: "emit"; readonly t: string; readonly data: unknown }
  /** All audio is kept and the recogniser has said its last word. */
  | { readonly type: "drained" }
  /** The decoder of the session's audio can go on. */
  | { readonly type: "decoder-ready" }
  /** The session cannot go on: nothing more can be kept. */
  | { readonly type: "fail"; readonly reason: string }
  /** What was kept is in other hands now, so this lineage ends; the client can begin another at once. */
  | { readonly type: "lose"; readonly reason: string }
  /** The server is going down: tell the client to come back later. */
  | { readonly type: "go-away"; readonly reason: string; readonly retryAfterMs: number }
  /** This process did not run for a while: what nobody could do meanwhile counts against nobody. */
  | { readonly type: "woke" }
  | { readonly type: "time" };

/** What a session wants done. */
export type ProtocolOutput =
  | { readonly type: "send"; readonly peer: PeerId; readonly data: string }
  | { readonly type: "close"; readonly peer: PeerId; readonly code: number; readonly reason: string }
  /** Keep this frame; one that starts beyond the last one's end is a declared gap. */
  | { readonly type: "audio"; readonly frame: WireAudioFrame }
  /** No more audio will come: finish, and say `drained`. */
  | { readonly type: "end-audio" }
  /** The session is over; release what belongs to it. */
  | { readonly type: "finished"; readonly reason: FinishReason };

export type FinishReason = "ended" | "aborted" | "expired" | "superseded" | "failed";
