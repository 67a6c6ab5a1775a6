import { NO_STATS } from "../../session/session-figures.js";
import type { SessionCheckpoint } from "../../session/session-io.js";
import type { SourceBeginning } from "../source-account.js";

/** The server takes the connection with the greatest number. A session may have asked for more than its checkpoint says. */
const UNTOLD_CONNECTIONS = 1_000;

/** What a running side has left behind for another one. */
export interface Restored extends SourceBeginning {
  /** `undefined` if it never said anything. */
  readonly session?: SessionCheckpoint | undefined;
}

/** What a session leaves behind that has done nothing. */
export const NOTHING_LEFT: SessionCheckpoint = Object.freeze({
  answered: false,
  connections: 0,
  resumeToken: undefined,
  epoch: undefined,
  lastSeq: 0,
  ahead: Object.freeze([]),
  losses: Object.freeze([]),
  absent: Object.freeze([]),
  stats: NO_STATS,
});

/** The checkpoint for a session that goes on for one that has died since it made it. */
export function nextCheckpoint(checkpoint: SessionCheckpoint): SessionCheckpoint {
  return { ...checkpoint, connections: checkpoint.connections + UNTOLD_CONNECTIONS };
}
