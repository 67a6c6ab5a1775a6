import type { AudioOffer, ClientData, ServerMessageType, WireAudioFrame } from "loquilex/protocol";
import type { Claim } from "./claim.js";

/** Names one connection; later ones are greater. */
export type PeerId = number;

/** Names one lineage of one session. */
export interface SessionKey {
  readonly sessionId: string;
  readonly epoch: number;
}

/** A client's first message on a connection. */
export type Opening =
  | { readonly kind: "hello"; readonly data: ClientData["client.hello"] }
  | { readonly kind: "resume"; readonly data: ClientData["session.resume"] };

/** One WebSocket message as it came in: a text, or the bytes of an audio frame. */
export type Message = string | Uint8Array<ArrayBuffer>;

/** What happens to a server: on its connections, in its recordings, and with time. */
export type ProtocolInput =
  | { readonly type: "connected"; readonly peer: PeerId }
  | { readonly type: "data"; readonly peer: PeerId; readonly data: Message }
  | { readonly type: "closed"; readonly peer: PeerId; readonly code: number }
  | {
      readonly type: "authorized";
      readonly peer: PeerId;
      readonly granted: boolean;
      /** Whom the token was issued to, if it says. */
      readonly subject?: string | undefined;
      /** Why not, in a sentence for the client. */
      readonly detail?: string | undefined;
      /** What was decided with other nodes; without it this one decides alone. */
      readonly claim?: Claim | undefined;
    }
  | SessionInput
  /** Take nobody any more, and tell whoever comes to come back later; those who have a session too unless they may stay. */
  | { readonly type: "go-away"; readonly reason: string; readonly retryAfterMs: number; readonly mayStay?: boolean }
  | { readonly type: "time" };

/** What happens to one session beside its connection. It is ignored if the session is over. */
export type SessionInput =
  /** Everything before `position` is safe. */
  | { readonly type: "kept"; readonly key: SessionKey; readonly position: number }
  /** The store lost what it had taken in and not kept. */
  | { readonly type: "rewind"; readonly key: SessionKey; readonly position: number }
  /** A message for the client, to be numbered. */
  | { readonly type: "emit"; readonly key: SessionKey; readonly t: string; readonly data: unknown }
  /** All audio is kept and the recogniser has said its last word. */
  | { readonly type: "drained"; readonly key: SessionKey }
  /** The decoder of the session's audio can go on. */
  | { readonly type: "decoder-ready"; readonly key: SessionKey }
  /** The session says something: 16-bit samples in the format of its {@link PlaybackSender}, or `undefined` for the end of it. */
  | { readonly type: "speak"; readonly key: SessionKey; readonly samples: Uint8Array<ArrayBuffer> | undefined }
  /** The session cannot go on: nothing more can be kept. */
  | { readonly type: "fail"; readonly key: SessionKey; readonly reason: string }
  /** Nothing more can be kept of this lineage, so it ends; the client can begin another when that time is over. */
  | { readonly type: "lose"; readonly key: SessionKey; readonly reason: string; readonly retryAfterMs: number }
  /** Another node goes on with the session. */
  | { readonly type: "moved"; readonly key: SessionKey }
  /** Tell this session's client to come back later. */
  | { readonly type: "send-away"; readonly key: SessionKey; readonly reason: string; readonly retryAfterMs: number };

/** What a server is to do. */
export type ProtocolOutput =
  | {
      readonly type: "send";
      readonly peer: PeerId;
      /** A message, or a frame of what the server says. */
      readonly data: Message;
      /** The message's type, unless it is a numbered one or a refusal. */
      readonly t?: ServerMessageType;
    }
  | { readonly type: "close"; readonly peer: PeerId; readonly code: number; readonly reason: string }
  /** Check the token of the opening, and say `authorized`. */
  | { readonly type: "authorize"; readonly peer: PeerId; readonly opening: Opening }
  /** Begin a recording. Its `key` is the same object in everything that concerns it. */
  | {
      readonly type: "open";
      readonly key: SessionKey;
      /** Whose connection it is, and whom its token was issued to. */
      readonly peer: PeerId;
      readonly subject: string | undefined;
      readonly offer: AudioOffer;
      readonly opening: Opening;
      readonly claim: Claim | undefined;
    }
  /** Keep this frame; one that starts beyond the last one's end is a declared gap. */
  | { readonly type: "audio"; readonly key: SessionKey; readonly frame: WireAudioFrame }
  /** No more audio will come: finish, and say `drained`. */
  | { readonly type: "end-audio"; readonly key: SessionKey }
  /** The session is over; release what belongs to it. */
  | { readonly type: "finished"; readonly key: SessionKey; readonly reason: FinishReason }
  /** Work for one client, or for one session, failed in a way that nothing expected, and has ended it. */
  | { readonly type: "fault"; readonly sessionId: string | undefined; readonly error: unknown };

export type FinishReason = "ended" | "aborted" | "expired" | "superseded" | "failed";

/** The answer to one input while it is made. Everybody who takes part in it writes into the same one. */
export interface Turn {
  now: number;
  outputs: ProtocolOutput[];
}
