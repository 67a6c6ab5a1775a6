import type { ClientNode } from "./client-node.js";
import type { Conditions } from "./conditions.js";
import type { Liar } from "./liar.js";
import type { Recording } from "./recording.js";

/** What one page had of a session, from its load to its end. */
export interface Life {
  readonly client: ClientNode;
  /** The lineages that the server began for it. */
  readonly recordings: readonly Recording[];
  readonly conditions: Conditions;
  readonly liar: Liar;
  /** The client had to stop before it could hear everything. */
  readonly cutShort: boolean;
}
