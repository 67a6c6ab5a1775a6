import type { AudioOffer, WireAudioFrame } from "loquilex/protocol";
import type { Judgement } from "./opening-judge.js";

/** A numbered message as a store has it. */
export interface StoredMessage {
  readonly seq: number;
  readonly t: string;
  readonly data: unknown;
}

/** A session as another node left it in a store, for the node that goes on with it. */
export interface StoredSession {
  readonly epoch: number;
  readonly clientId: string;
  readonly offer: AudioOffer;
  /** Counts how often the session changed hands. Whoever writes with an older number is refused. */
  readonly term: number;
  /** The generation number of the connection before this one. */
  readonly generation: number;
  readonly confirmed: boolean;
  /** Resume secrets that are good, oldest first, without the one of this claim. */
  readonly secrets: readonly string[];
  /** Everything before this position was taken in, and is on a disk or in {@link audio}. */
  readonly storedTo: number;
  /** Everything before this position is on the disk of a node. */
  readonly recordedTo: number;
  /** Where the last final caption ends. */
  readonly captionedTo: number;
  /** What is not yet on a disk, or has no final caption yet, in order. */
  readonly audio: readonly WireAudioFrame[];
  /** The store has forgotten audio that it had: less is stored than it says, and it has to be told. */
  readonly forgotten?: boolean | undefined;
  /** Number of the last message. */
  readonly seq: number;
  /** The newest ones, in order. */
  readonly messages: readonly StoredMessage[];
}

/** What the nodes that share a store have decided about an opening. The decision is made, and is in the store. */
export type Claim = (Judgement | { readonly verdict: "new" }) & {
  /** The resume secret of the next welcome, which every node knows from now on. */
  readonly secret?: string | undefined;
  /** The session, if this node has to go on with it in another one's place. */
  readonly taken?: StoredSession | undefined;
};
