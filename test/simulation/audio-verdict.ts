import { intersect, merge, type Range, show, subtract, total } from "./ranges.js";
import type { Recording } from "./recording.js";
import type { World } from "./world.js";

/**
 * Kept audio is captured audio, less exactly what was announced as lost.
 * @returns how many samples are missing without a word.
 */
export function judgeAudio(world: World, say: (problem: string) => void): number {
  const { client, server } = world;
  const { forgetful, cramped, contested } = world.conditions.kind;
  // A session that has failed takes no more.
  const to = client.failure === undefined ? client.capturedTo : client.session.stats.capturedPosition;
  const captured = subtract([{ from: 0, to }], world.captureGaps);
  const dropped = merge(client.dropped);
  const lineages = server.recordings.filter(({ kept }) => kept.length > 0);
  const kept = merge(lineages.flatMap((recording) => recording.kept));
  // A store that forgets far back a second time takes what was announced before with it.
  if (!forgetful && total(client.dropped) > total(dropped))
    say(`Some loss was announced twice: ${show(client.dropped)}.`);
  const { samplesDropped } = client.session.stats;
  if (samplesDropped !== total(client.dropped)) say(`${samplesDropped} samples are counted as lost.`);
  if (!cramped && !forgetful && !contested && dropped.length > 0) say(`Lost with room to spare: ${show(dropped)}.`);
  if (!forgetful && !contested) {
    const both = intersect(intersect(kept, dropped), captured);
    if (total(both) > 0) say(`Kept, and announced as lost: ${show(both)}.`);
    if (lineages.length > 1) say(`${lineages.length} lineages, but no state was ever lost.`);
  }
  const told = client.told.flatMap(({ event }) => (event.type === "connected" ? [event.reconnection] : []));
  const missingAudio = told.map((reconnection) => reconnection?.missingAudio).filter((range) => range !== undefined);
  if (!world.cutShort) judgeLastLineage(lineages, [...dropped, ...missingAudio.slice(-1)], captured, say);
  // What a store lost beyond the grace tail was announced by the lineage that noticed, if it lived to notice.
  const missing = subtract(subtract(captured, kept), forgetful || contested ? [...dropped, ...missingAudio] : dropped);
  if (total(missing) > 0) say(`Lost without a word: ${show(missing)}.`);
  return total(missing);
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
