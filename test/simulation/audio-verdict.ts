import type { Life } from "./life.js";
import { intersect, merge, type Range, show, subtract, total } from "./ranges.js";
import type { Recording } from "./recording.js";

/**
 * The sum, however the run ended: every captured sample is kept by a server or in exactly one `drop`.
 *
 * A sample may be both only where the client could not know better. It was sent and not yet acknowledged when the
 * session ended or when a server answered that knew nothing of it. And a sample may be neither only if it was
 * acknowledged and the store lost it afterwards, where no server told the client before the end.
 * @returns how many samples are missing without a word.
 */
export function judgeAudio(life: Life, say: (problem: string) => void): number {
  const { client, recordings } = life;
  const { forgetful, cramped, contested } = life.conditions.kind;
  const { deaths } = client;
  const captured = subtract([{ from: 0, to: client.capturedTo }], client.captureGaps);
  const told = client.drops.map(({ range }) => range);
  const dropped = merge(told);
  const lineages = recordings.filter(({ kept }) => kept.length > 0);
  const kept = merge(lineages.flatMap((recording) => recording.kept));
  if (total(told) > total(dropped)) say(`Some loss was announced twice: ${show(told)}.`);
  const { samplesDropped, samplesWithheld } = client.session.stats;
  if (samplesDropped !== total(told)) say(`${samplesDropped} samples are counted as lost, not ${total(told)}.`);
  if (deaths.length === 0 && !client.crashed && samplesWithheld !== client.withheld) {
    say(`${samplesWithheld} samples are counted as left out, not ${client.withheld}.`);
  }
  // What was left out for a worker that died nobody can tell from what that captured.
  const unseen = intersect(
    client.captureGaps,
    deaths.map(({ known: from, captured: to }) => ({ from, to })),
  );
  const invented = subtract(dropped, [...captured, ...unseen]);
  if (total(invented) > 0) say(`Announced as lost, and never captured: ${show(invented)}.`);
  const returned = intersect(kept, client.discarded);
  if (total(returned) > 0) say(`Never to be sent, and kept by a server: ${show(returned)}.`);
  const unexplained = subtract(dropped, [...client.discarded, ...lostWithWorkers(life)]);
  if (!cramped && !forgetful && !life.cutShort && unexplained.length > 0) {
    say(`Lost with room to spare: ${show(unexplained)}.`);
  }
  if (life.conditions.session.replay.whenFull === "fail") {
    const wentOn = client.drops.filter(({ final, answered }) => !final && !answered).map(({ range }) => range);
    const overflowed = subtract(wentOn, client.discarded);
    if (overflowed.length > 0) say(`The stream goes on after a loss that is to end it: ${show(overflowed)}.`);
  }
  judgeCertainty(life, intersect(kept, captured), say);
  if (!forgetful && !contested && lineages.length > 1) {
    say(`${lineages.length} lineages, but no state was ever lost.`);
  }
  const answers = client.told.flatMap(({ event }) => (event.type === "connected" ? [event.reconnection] : []));
  const missingAudio = answers.flatMap((answer) => answer?.missingAudio ?? []);
  if (!life.cutShort) judgeLastLineage(lineages, [...dropped, ...missingAudio.slice(-1)], captured, say);
  const unknowable = intersect(
    recordings.flatMap(({ lostByStore }) => lostByStore),
    life.cutShort ? captured : missingAudio,
  );
  // A page that crashed could say no more: of what it knew to be kept nothing may be missing, unless it was to be told.
  const unsaid = client.crashed
    ? [{ from: cramped ? 0 : client.acknowledged, to: Number.POSITIVE_INFINITY }, ...client.discarded]
    : [];
  const missing = subtract(subtract(captured, kept), [...dropped, ...unknowable, ...unsaid]);
  if (total(missing) > 0) say(`Lost without a word: ${show(missing)}.`);
  return total(missing);
}

/** What a worker that died may have had alone: what no server had acknowledged, and what a store lost that had. */
function lostWithWorkers({ client, recordings }: Life): Range[] {
  const { deaths } = client;
  const lostByStore = recordings.flatMap((recording) => recording.lostByStore);
  const captured = Math.max(0, ...deaths.map((death) => death.captured));
  return [
    ...deaths.map(({ settled: from, captured: to }) => ({ from, to })),
    ...intersect(lostByStore, [{ from: 0, to: captured }]),
  ];
}

/** Nothing is announced as lost that the client knew to be kept, or would have learned to be kept by waiting. */
function judgeCertainty({ client, conditions }: Life, kept: readonly Range[], say: (problem: string) => void): void {
  const { forgetful } = conditions.kind;
  for (const { range, acknowledged, final, anew, answered } of client.drops) {
    const both = intersect(kept, [range]);
    const known = intersect(both, [{ from: 0, to: acknowledged }]);
    // A later lineage may lack what an earlier one keeps, and says so when it answers.
    if (total(known) > 0 && !(forgetful && answered)) say(`Acknowledged, and announced as lost: ${show(known)}.`);
    const excused = final || anew || forgetful;
    if (!excused && total(both) > 0) say(`Kept, and announced as lost: ${show(both)}.`);
  }
}

/** The last lineage holds everything from where it began, less what was announced as lost or as missing there. */
function judgeLastLineage(
  lineages: readonly Recording[],
  announced: readonly Range[],
  captured: readonly Range[],
  say: (problem: string) => void,
): void {
  const last = lineages.at(-1);
  if (last === undefined) return;
  const due = captured.flatMap(({ from, to }) => (to <= last.start ? [] : [{ from: Math.max(from, last.start), to }]));
  const missing = subtract(subtract(due, last.kept), announced);
  if (total(missing) > 0) say(`The last lineage, from ${last.start}, lacks ${show(missing)}.`);
}
