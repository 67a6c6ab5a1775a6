import { OUTCOMES, type Outcome, type Verdict } from "./verdict.js";

const MARKS: Readonly<Record<Outcome, string>> = {
  kept: "kept",
  broken: "BROKEN",
  "not seen": "not seen",
  "not testable": "not testable",
};

/** The verdicts for people to read. */
export function table(verdicts: readonly Verdict[]): string {
  const tested = verdicts.filter(({ outcome }) => outcome !== "not testable");
  const number = Math.max(...verdicts.map(({ sentence }) => sentence.length));
  const mark = Math.max(...Object.values(MARKS).map(({ length }) => length));
  const line = ({ sentence, outcome, rule, detail }: Verdict): string =>
    `${sentence.padEnd(number)}  ${MARKS[outcome].padEnd(mark)}  ${[rule, detail].filter((text) => text !== "").join(": ")}`;
  const untested = new Map<string, string[]>();
  for (const { sentence, outcome, detail } of verdicts) {
    if (outcome === "not testable") untested.set(detail, [...(untested.get(detail) ?? []), sentence]);
  }
  const reasons = Array.from(untested, ([reason, sentences]) => `  ${reason} ${sentences.join(", ")}`);
  return [
    ...tested.map(line),
    "",
    "Sentences that cannot be tested from outside:",
    ...reasons,
    "",
    `${summary(verdicts)}.`,
  ].join("\n");
}

/** How many sentences there are of each outcome. */
export const summary = (verdicts: readonly Verdict[]): string =>
  OUTCOMES.map((outcome) => `${verdicts.filter((verdict) => verdict.outcome === outcome).length} ${outcome}`).join(
    ", ",
  );
