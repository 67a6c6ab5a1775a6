import type { CallVerdict } from "./run-calls.js";

/** Figures of many runs. */
export interface CallTotals {
  sequences: number;
  calls: number;
  settled: number;
  judged: number;
  failures: number;
  readonly outcomes: Record<string, number>;
}

export const noTotals = (): CallTotals => ({
  sequences: 0,
  calls: 0,
  settled: 0,
  judged: 0,
  failures: 0,
  outcomes: {},
});

export function count(totals: CallTotals, { calls, settled, judged, outcome, problems }: CallVerdict): void {
  add(totals, {
    sequences: 1,
    calls,
    settled,
    judged: Number(judged),
    failures: Number(problems.length > 0),
    outcomes: { [outcome]: 1 },
  });
}

export function add(totals: CallTotals, more: CallTotals): void {
  for (const figure of ["sequences", "calls", "settled", "judged", "failures"] as const) totals[figure] += more[figure];
  for (const [outcome, times] of Object.entries(more.outcomes))
    totals.outcomes[outcome] = (totals.outcomes[outcome] ?? 0) + times;
}

export function lineOf({ sequences, calls, settled, judged, failures, outcomes }: CallTotals): string {
  const ends = Object.entries(outcomes).sort(([a], [b]) => a.localeCompare(b));
  const told = ends.map(([outcome, times]) => `${outcome} ${times}`).join(", ");
  return `sequences ${sequences}, calls ${calls}, settled ${settled}, judged alive ${judged}, ${told}, failures ${failures}`;
}
