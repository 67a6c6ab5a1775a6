import type { AudioOffer, PlaybackSender } from "loquilex/protocol";
import type { FrameDecoder } from "./audio-inlet.js";
import type { StoredSession } from "./claim.js";
import type { SessionKey, Turn } from "./protocol-io.js";
import type { ServerTerms } from "./server-terms.js";
import type { SessionIdentityOptions } from "./session-identity.js";

/** What a session of the protocol is made with. */
export interface ProtocolSessionOptions extends Omit<SessionIdentityOptions, "epoch"> {
  readonly key: SessionKey;
  readonly offer: AudioOffer;
  /** For an encoding that is not kept as it comes. When it can go on, its owner says `decoder-ready`. */
  readonly decoder?: FrameDecoder | undefined;
  /** What the server says, if it says anything. */
  readonly voice?: PlaybackSender | undefined;
  readonly terms: ServerTerms;
  readonly turn: Turn;
  /** What another node has left of it. */
  readonly taken?: StoredSession | undefined;
}
