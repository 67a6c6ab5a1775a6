/** Thrown by a check that saw the server break a rule. */
export class BrokenRuleError extends Error {
  override readonly name = "BrokenRuleError";
}

/** Thrown by a check that cannot see on this server, or in the time it has, whether the rule is kept. */
export class NotSeenError extends Error {
  override readonly name = "NotSeenError";
}

/** What became of one rule. */
export const OUTCOMES = ["kept", "broken", "not seen", "not testable"] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What the kit says about one numbered sentence of the contract. */
export interface Verdict {
  /** The number of the sentence in PROTOCOL.md. */
  readonly sentence: string;
  readonly outcome: Outcome;
  /** What the server has to do, in a few words. */
  readonly rule: string;
  /** What was seen instead, or why nothing was. */
  readonly detail: string;
}
