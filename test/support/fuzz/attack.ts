/**
 * Attackers in a process of their own, so that they do not delay the streams that are measured beside them. Arguments:
 * address, seed. Asked for a number of messages, it answers with {@link AttackFigures} when the server has looked at them.
 */
import { Rng } from "../../simulation/rng.js";
import { answerRequests } from "../answer-requests.js";
import { Attacker } from "./attacker.js";

export interface AttackRequest {
  readonly messages: number;
}

/** Since the start. */
export interface AttackFigures {
  /** Messages that the server has looked at. */
  readonly examined: number;
  /** How connections were ended, with how often. */
  readonly codes: Readonly<Record<number, number>>;
}

const ATTACKERS = 4;

const [url = "", seed] = process.argv.slice(2);
const attackers = Array.from(
  { length: ATTACKERS },
  (_, index) => new Attacker(url, new Rng(Number(seed) * ATTACKERS + index)),
);

answerRequests<AttackRequest>(async ({ messages }) => {
  await Promise.all(attackers.map((attacker) => attacker.attack(messages / ATTACKERS)));
  const codes: Record<number, number> = {};
  for (const attacker of attackers) {
    for (const [code, count] of attacker.codes) codes[code] = (codes[code] ?? 0) + count;
  }
  const figures: AttackFigures = { examined: attackers.reduce((sum, { examined }) => sum + examined, 0), codes };
  return figures;
});
