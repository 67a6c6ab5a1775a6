import type { AudioOffer } from "loquilex/protocol";
import type { PeerId, ProtocolInput, ProtocolOutput } from "./protocol-io.js";

/** Names one lineage of one session. */
export interface SessionKey {
  readonly sessionId: string;
  readonly epoch: number;
}

export type RegistryInput =
  | { readonly type: "connected"; readonly peer: PeerId }
  | { readonly type: "data"; readonly peer: PeerId; readonly data: string | Uint8Array<ArrayBuffer> }
  | { readonly type: "closed"; readonly peer: PeerId; readonly code: number }
  | { readonly type: "authorized"; readonly peer: PeerId; readonly granted: boolean }
  | {
      readonly type: "session";
      readonly key: SessionKey;
      readonly input: Exclude<ProtocolInput, { type: "attach" | "data" | "detached" | "superseded" | "woke" | "time" }>;
    }
  /** Take no new sessions; tell every client to come back later. */
  | { readonly type: "go-away"; readonly reason: string; readonly retryAfterMs: number }
  | { readonly type: "time" };

export type RegistryOutput =
  | { readonly type: "send"; readonly peer: PeerId; readonly data: string }
  | { readonly type: "close"; readonly peer: PeerId; readonly code: number; readonly reason: string }
  /** Check the token, and say `authorized`. */
  | { readonly type: "authorize"; readonly peer: PeerId; readonly token: string | undefined }
  | { readonly type: "open"; readonly key: SessionKey; readonly offer: AudioOffer }
  /** Work for one client, or for one session, failed in a way that nothing expected, and has ended it. */
  | { readonly type: "fault"; readonly sessionId: string | undefined; readonly error: unknown }
  | {
      readonly type: "session";
      readonly key: SessionKey;
      readonly output: Extract<ProtocolOutput, { type: "audio" | "end-audio" | "finished" }>;
    };
