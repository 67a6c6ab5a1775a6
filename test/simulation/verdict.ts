import type { KeptRange, Recording } from "./recording.js";
import type { World } from "./world.js";

export interface Verdict {
  readonly seed: number;
  readonly faults: number;
  readonly frames: number;
  readonly lostSamples: number;
  readonly duplicatedEvents: number;
  readonly problems: readonly string[];
}

/** Holds a finished run against every promise of the protocol. */
export function judge(world: World, seed: number): Verdict {
  const problems: string[] = [];
  let lostSamples = 0;
  let duplicatedEvents = 0;
  const say = (problem: string) => problems.push(problem);
  const { client, server } = world;

  if (!client.session.done) say("The client has not settled.");
  if (client.session.wakeAt !== undefined) say("The client left a timer.");
  if (server.sessionCount !== 0) say("The server has not settled.");
  if (server.wakeAt !== undefined) say("The server left a timer.");
  if (client.session.stats.bufferedBytes !== 0) say("The client's buffer is not empty.");
  const failure = client.events.find(({ type }) => type === "failed");
  if (failure !== undefined) say(`The client failed: ${JSON.stringify(failure)}.`);

  duplicatedEvents = judgeEvents(world, say);
  if (world.ended === "close" && failure === undefined) lostSamples = judgeAudio(world, say);
  return {
    seed,
    faults: world.faultsInjected,
    frames: client.session.stats.framesCaptured,
    lostSamples,
    duplicatedEvents,
    problems,
  };
}

/** Every numbered message once, in order, and what is missing was said to be, within each lineage. */
function judgeEvents(world: World, say: (problem: string) => void): number {
  let duplicates = 0;
  let epoch = 0;
  let last = 0;
  const seen = new Set<string>();
  let delivered: KeptRange[] = [];
  let missing: KeptRange[] = [];
  const settle = () => {
    const holes = subtract(subtract([{ from: 1, to: last + 1 }], delivered), missing);
    // An abort may come between a replay and the word about what it lacks.
    if (total(holes) > 0 && world.ended !== "abort")
      say(`Messages ${show(holes)} of lineage ${epoch} are missing without a word.`);
    const both = intersect(delivered, missing);
    if (total(both) > 0) say(`Messages ${show(both)} of lineage ${epoch} were delivered and announced as missing.`);
  };
  const announce = (from: number, to: number) => {
    missing.push({ from, to: to + 1 });
    last = Math.max(last, to);
  };
  for (const event of world.client.events) {
    if (event.type === "connected") {
      for (const { fromSeq, toSeq } of event.reconnection?.missingMessages ?? []) announce(fromSeq, toSeq);
    }
    if (event.type !== "message") continue;
    const { message } = event;
    if (message.t === "queue.drop") {
      const { from_seq, to_seq } = message.data as { from_seq: number; to_seq: number };
      announce(from_seq, to_seq);
      continue;
    }
    const { text } = message.data as { text: string };
    const [ofEpoch = 0, number = 0] = text.split(":").map(Number);
    if (ofEpoch !== epoch) {
      if (ofEpoch < epoch) say(`A message of lineage ${ofEpoch} came after lineage ${epoch}.`);
      settle();
      epoch = ofEpoch;
      last = 0;
      delivered = [];
      missing = [];
    }
    if (seen.has(text)) {
      duplicates += 1;
      say(`Message ${text} was delivered twice.`);
    } else if (number <= last) say(`Message ${text} came after ${last}.`);
    seen.add(text);
    delivered.push({ from: number, to: number + 1 });
    last = Math.max(last, number);
  }
  settle();
  const final = world.server.recordings.at(-1);
  if (world.ended === "close" && final !== undefined && final.key.epoch === epoch && last !== final.emitted.length) {
    say(`Message ${last} was the last of ${final.emitted.length} delivered.`);
  }
  return duplicates;
}

/** Kept audio is captured audio, less exactly what was announced as lost. */
function judgeAudio(world: World, say: (problem: string) => void): number {
  const { client, server } = world;
  const end = client.capturedTo;
  const captured = subtract([{ from: 0, to: end }], world.captureGaps);
  const dropped = merge(client.dropped);
  const lineages = server.recordings.filter(({ kept }) => kept.length > 0);
  const kept = merge(lineages.flatMap((recording) => recording.kept));
  const missing = subtract(subtract(captured, kept), dropped);
  const lost = total(missing);
  if (lost > 0) say(`Lost without a word: ${show(missing)}.`);
  if (!world.mayOverflow && !world.allowsStateLoss && total(intersect(dropped, captured)) > 0) {
    say(`Dropped although there was room: ${show(dropped)}.`);
  }
  if (!world.allowsStateLoss) {
    const both = intersect(intersect(kept, dropped), captured);
    if (total(both) > 0) say(`Kept, and announced as lost: ${show(both)}.`);
    if (lineages.length > 1) say(`${lineages.length} lineages, but no state was ever lost.`);
  }
  const told = client.events.flatMap((event) => (event.type === "connected" ? [event.reconnection?.missingAudio] : []));
  const missingAudio = told.filter((range) => range !== undefined).at(-1);
  judgeLineages(lineages, missingAudio === undefined ? dropped : merge([...dropped, missingAudio]), captured, say);
  return lost;
}

/** The last lineage holds everything from where it began, less what was announced as lost or as missing there. */
function judgeLineages(
  lineages: readonly Recording[],
  announced: readonly KeptRange[],
  captured: readonly KeptRange[],
  say: (problem: string) => void,
): void {
  const last = lineages.at(-1);
  if (last === undefined) return;
  const due = captured.flatMap(({ from, to }) => (to <= last.start ? [] : [{ from: Math.max(from, last.start), to }]));
  const missing = subtract(subtract(due, last.kept), announced);
  if (total(missing) > 0) say(`The last lineage, from ${last.start}, lacks ${show(missing)}.`);
}

// ---------------------------------------------------------------- ranges

function merge(ranges: readonly KeptRange[]): KeptRange[] {
  const merged: KeptRange[] = [];
  for (const range of ranges.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && range.from <= last.to) {
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    } else merged.push(range);
  }
  return merged;
}

function subtract(ranges: readonly KeptRange[], holes: readonly KeptRange[]): KeptRange[] {
  let rest = merge(ranges);
  for (const hole of merge(holes)) {
    rest = rest.flatMap(({ from, to }) => {
      if (hole.to <= from || hole.from >= to) return [{ from, to }];
      return [
        { from, to: hole.from },
        { from: hole.to, to },
      ].filter((part) => part.to > part.from);
    });
  }
  return rest;
}

const intersect = (a: readonly KeptRange[], b: readonly KeptRange[]): KeptRange[] => subtract(a, subtract(a, b));
const total = (ranges: readonly KeptRange[]): number => ranges.reduce((sum, { from, to }) => sum + to - from, 0);
const show = (ranges: readonly KeptRange[]): string => ranges.map(({ from, to }) => `${from}–${to}`).join(", ");
