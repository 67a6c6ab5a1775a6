import type { Check, Judged } from "./check.js";
import { AUDIO_CHECKS } from "./checks/audio.js";
import { CONNECTION_CHECKS } from "./checks/connection.js";
import { FRAME_CHECKS } from "./checks/frames.js";
import { IDENTITY_CHECKS } from "./checks/identity.js";
import { LIFETIME_CHECKS } from "./checks/lifetime.js";
import { MESSAGE_CHECKS } from "./checks/messages.js";
import { NUMBERED_CHECKS } from "./checks/numbered.js";
import { PLAYBACK_CHECKS } from "./checks/playback.js";
import { REFUSAL_CHECKS } from "./checks/refusals.js";
import { Witness } from "./client/witness.js";
import { NOT_TESTABLE } from "./not-testable.js";
import { Scene } from "./scene.js";
import { BrokenRuleError, NotSeenError, type Outcome, type Verdict } from "./verdict.js";
import { WATCHES } from "./watches.js";

/** Checks that go on at the same time: most of them wait most of the time. */
const AT_ONCE = 12;

export const CHECKS: readonly Check[] = [
  // What waits longest goes first.
  ...LIFETIME_CHECKS,
  ...REFUSAL_CHECKS,
  ...CONNECTION_CHECKS,
  ...AUDIO_CHECKS,
  ...NUMBERED_CHECKS,
  ...IDENTITY_CHECKS,
  ...MESSAGE_CHECKS,
  ...FRAME_CHECKS,
  ...PLAYBACK_CHECKS,
];

export interface RunOptions {
  readonly url: string;
  readonly token?: string | undefined;
  /** The longest time that one check may wait for something to happen by itself, in milliseconds. */
  readonly patienceMs: number;
  /** Numbers of the sentences to test. @defaultValue all */
  readonly only?: readonly string[] | undefined;
}

/**
 * Tests a server against the contract. Nothing of it is left when this resolves.
 * @returns one verdict for each numbered sentence, in the order of the contract.
 * @throws Error if the server cannot be reached.
 */
export async function runConformance({ url, token, patienceMs, only }: RunOptions): Promise<Verdict[]> {
  (await Witness.connect({ url, token })).vanish();
  const isMeant = ({ sentence }: { readonly sentence: string }): boolean => only?.includes(sentence) ?? true;
  const watches = WATCHES.filter(isMeant);
  const watched = watches.flatMap(({ of }) => of);
  const witnesses: Witness[] = [];
  const waiting = CHECKS.filter((check) => isMeant(check) || watched.includes(check.sentence));
  const verdicts: Verdict[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      verdicts.push(await judge(next, new Scene({ url, token, patienceMs, witnesses })));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const { sentence, rule, judge } of watches) {
    verdicts.push({ sentence, rule, ...conclude(judge(witnesses)) });
  }
  const untested = Object.entries(NOT_TESTABLE).map(
    ([sentence, detail]): Verdict => ({ sentence, outcome: "not testable", rule: "", detail }),
  );
  return joined([...verdicts, ...untested].filter(isMeant));
}

async function judge({ sentence, rule, run }: Check, scene: Scene): Promise<Verdict> {
  try {
    await run(scene);
    return { sentence, outcome: "kept", rule, detail: "" };
  } catch (error) {
    if (error instanceof BrokenRuleError) return { sentence, outcome: "broken", rule, detail: error.message };
    if (error instanceof NotSeenError) return { sentence, outcome: "not seen", rule, detail: error.message };
    throw error;
  } finally {
    await scene.dispose();
  }
}

function conclude({ seen, wrong, otherwise }: Judged): Pick<Verdict, "outcome" | "detail"> {
  if (seen === 0 && wrong.length === 0)
    return { outcome: "not seen", detail: otherwise ?? "The server said nothing that this is about." };
  const more = wrong.length > 1 ? ` (And ${wrong.length - 1} more.)` : "";
  return wrong.length === 0 ? { outcome: "kept", detail: "" } : { outcome: "broken", detail: `${wrong[0]}${more}` };
}

/** What is broken in one way is broken, and what is seen in one way is seen. */
const WEIGHTIEST_FIRST: readonly Outcome[] = ["broken", "kept", "not seen", "not testable"];

/** One verdict for each sentence, in the order of the contract. */
function joined(verdicts: readonly Verdict[]): Verdict[] {
  const bySentence = new Map<string, Verdict>();
  for (const verdict of verdicts) {
    const { outcome } = bySentence.get(verdict.sentence) ?? verdict;
    if (WEIGHTIEST_FIRST.indexOf(verdict.outcome) <= WEIGHTIEST_FIRST.indexOf(outcome))
      bySentence.set(verdict.sentence, verdict);
  }
  return [...bySentence.values()].toSorted((a, b) => compareNumbers(a.sentence, b.sentence));
}

/** Orders "6.10" after "6.9". */
export function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  const index = left.findIndex((part, at) => part !== right[at]);
  return index < 0 ? left.length - right.length : (left[index] ?? 0) - (right[index] ?? -1);
}
