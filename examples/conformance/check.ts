import type { Witness } from "./client/witness.js";
import type { Scene } from "./scene.js";

/** Brings a situation about and looks at what the server does in it. */
export interface Check {
  /** The number of the sentence in PROTOCOL.md. */
  readonly sentence: string;
  /** What the server has to do, in a few words. */
  readonly rule: string;
  /** @throws BrokenRuleError or NotSeenError; resolves if the rule is kept. */
  run(scene: Scene): Promise<void>;
}

/** Looks at everything that was said on all connections. */
export interface Watch {
  /** The number of the sentence in PROTOCOL.md. */
  readonly sentence: string;
  /** What the server has to do, in a few words. */
  readonly rule: string;
  /** Numbers of the checks that bring about what it looks at. */
  readonly of: readonly string[];
  /** What there was to judge, and what of it was wrong. */
  judge(witnesses: readonly Witness[]): Judged;
}

export interface Judged {
  /** How often the rule applied. */
  readonly seen: number;
  readonly wrong: readonly string[];
  /** Why the rule may not have applied. */
  readonly otherwise?: string;
}

export const check = (sentence: string, rule: string, run: Check["run"]): Check => ({ sentence, rule, run });

export const watch = (sentence: string, rule: string, of: readonly string[], judge: Watch["judge"]): Watch => ({
  sentence,
  rule,
  of,
  judge,
});
