import type { Message, Opening } from "./protocol-io.js";

/** How long a connection may take to say who it is. */
export const OPENING_TIMEOUT_MS = 10_000;
/** How much a client may send while its token is checked. */
export const MAX_EARLY_MESSAGES = 64;

/** A connection that has not become a session's yet. */
export interface Newcomer {
  readonly phase: "new" | "authorizing";
  deadline: number;
  readonly opening?: Opening;
  /** What came while the token is checked. */
  readonly early: Message[];
}
