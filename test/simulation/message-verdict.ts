import { intersect, type Range, show, subtract, total } from "./ranges.js";
import type { World } from "./world.js";

/**
 * Every numbered message once, in order, and what is missing was said to be, within each lineage.
 * @returns how many came twice.
 */
export function judgeMessages(world: World, say: (problem: string) => void): number {
  let duplicates = 0;
  let epoch = 0;
  /** A lineage has begun, and which one its first message will tell. */
  let isNew = true;
  let last = 0;
  const seen = new Set<string>();
  let delivered: Range[] = [];
  let missing: Range[] = [];
  const settle = () => {
    const holes = subtract(subtract([{ from: 1, to: last + 1 }], delivered), missing);
    // The end may come between a replay and the word about what it lacks.
    if (total(holes) > 0 && !world.cutShort) say(`Messages ${show(holes)} of lineage ${epoch} are missing unsaid.`);
    const both = intersect(delivered, missing);
    if (total(both) > 0) say(`Messages ${show(both)} of lineage ${epoch} were delivered and announced as missing.`);
  };
  const announce = (from: number, to: number) => {
    missing.push({ from, to: to + 1 });
    last = Math.max(last, to);
  };
  for (const { event } of world.client.told) {
    if (event.type === "connected") {
      // What an interrupted resume was told of still belongs to the lineage that ends here.
      for (const { fromSeq, toSeq } of event.reconnection?.missingMessages ?? []) announce(fromSeq, toSeq);
      if (event.reconnection?.resumed !== true) {
        settle();
        isNew = true;
        last = 0;
        delivered = [];
        missing = [];
      }
    }
    if (event.type !== "message") continue;
    const { message } = event;
    // The client itself takes back what an earlier lineage left open.
    if (message.t === "asr.void") continue;
    if (message.t === "queue.drop") {
      const { from_seq, to_seq } = message.data as { from_seq: number; to_seq: number };
      announce(from_seq, to_seq);
      continue;
    }
    const { text } = message.data as { text: string };
    const [ofEpoch = 0, number = 0] = text.split(":").map(Number);
    if (isNew ? ofEpoch <= epoch : ofEpoch !== epoch) say(`A message of lineage ${ofEpoch} came after ${epoch}.`);
    epoch = ofEpoch;
    isNew = false;
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
  if (!world.cutShort && final !== undefined && final.key.epoch === epoch && last !== final.emitted.length) {
    say(`Message ${last} was the last of ${final.emitted.length} delivered.`);
  }
  return duplicates;
}
