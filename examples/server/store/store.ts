import type { WireAudioFrame } from "loquilex/protocol";
import type { Claim } from "../protocol/claim.js";
import type { HeldSession } from "../protocol/opening-judge.js";
import type { Opening, SessionKey } from "../protocol/protocol-io.js";

/** Whether sessions can be kept at the moment. */
export interface StoreHealth {
  readonly ok: boolean;
  /** What is wrong, in a sentence; absent if nothing is. */
  readonly detail?: string | undefined;
}

export interface HoldOptions {
  readonly key: SessionKey;
  /** What the session began or goes on with. */
  readonly opening: Opening;
  readonly claim: Claim | undefined;
  /** Everything before this position is kept, on the disk and in the store. */
  onKept(position: number): void;
  /** A message is kept, and may be sent to the client. They come in the order in which they were given. */
  onEvent(t: string, data: unknown): void;
  /** Another node goes on with the session: nothing more of it can be kept here. Called at most once. */
  onLost(): void;
}

/** What one node puts into a store about one session. After the end of it nothing is called back. */
export interface Hold {
  /** Copies audio that came in. */
  append(frame: WireAudioFrame): void;
  /** Everything before this position is on this node's disk. */
  recorded(position: number): void;
  /** Keeps a message for the client. */
  emit(t: string, data: unknown): void;
  /** Resolves when everything that was given is kept, or the hold has ended. Never rejects. */
  settle(): Promise<void>;
  /** The session is over: forgets it everywhere. */
  forget(): void;
  /** Lets go of the session, so that another node can go on with it. */
  release(): void;
}

/** Where sessions are known. It decides which node a session is on, and what of it is kept beyond that node's disk. */
export interface Store {
  readonly name: string;
  /** Whether another node can go on with a session when this one ends. */
  readonly shared: boolean;
  readonly health: StoreHealth;
  /**
   * Decides about an opening together with all other nodes. While the store is away, that is a refusal.
   * @param held what this node has under that name.
   * @returns `undefined` if this node decides alone.
   */
  claim(opening: Opening, held: () => HeldSession | undefined): Promise<Claim> | undefined;
  hold(options: HoldOptions): Hold;
}
