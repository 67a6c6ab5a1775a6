import { CaptionVerdict } from "./caption-verdict.js";
import type { Death } from "./death.js";
import type { Life } from "./life.js";
import { intersect, type Range, show, subtract, total } from "./ranges.js";

interface SeqRange {
  readonly fromSeq: number;
  readonly toSeq: number;
}

/**
 * Within each lineage every numbered message comes once and in order, unless it is announced as missing or is a caption
 * of audio that an earlier lineage has finalised.
 * @returns how many came twice.
 */
export function judgeMessages(life: Life, say: (problem: string) => void): number {
  const { lying } = life.conditions.kind;
  const captions = new CaptionVerdict(life.recordings, say);
  let duplicates = 0;
  let epoch = 0;
  /** A lineage has begun, and its first message will show which one it is. */
  let isNew = true;
  let last = 0;
  const seen = new Set<string>();
  let delivered: Range[] = [];
  let missing: Range[] = [];
  let withheld: Range[] = [];
  const passOver = (to: number) => {
    for (let passed = last + 1; passed < to; passed += 1) {
      if (captions.isOld(`${epoch}:${passed}`)) withheld.push({ from: passed, to: passed + 1 });
    }
  };
  const settle = () => {
    // A lineage of which no message was delivered shows nothing by which to know its other messages.
    if (isNew) return;
    const holes = subtract(subtract([{ from: 1, to: last + 1 }], delivered), [...missing, ...withheld]);
    // The end may come between a replay and the report of what it lacks.
    if (total(holes) > 0 && !life.cutShort) say(`Messages ${show(holes)} of lineage ${epoch} are missing unsaid.`);
  };
  const announce = ({ fromSeq, toSeq }: SeqRange) => {
    const range = { from: fromSeq, to: toSeq + 1 };
    const both = intersect(delivered, [range]);
    if (total(both) > 0) say(`Messages ${show(both)} of lineage ${epoch} are announced as missing after all came.`);
    missing.push(range);
    // What lies before it in a lineage that is not yet known is passed over with its first message.
    if (isNew) return;
    passOver(fromSeq);
    last = Math.max(last, toSeq);
  };
  /** Another session goes on that knows how far the earlier one came, and none of its captions. */
  const goOn = (death: Death) => {
    if (isNew && death.epoch !== undefined && death.epoch > epoch) {
      epoch = death.epoch;
      isNew = false;
    }
    if (!isNew) passOver(death.lastSeq + 1);
    last = Math.max(last, death.lastSeq);
    captions.forget();
  };
  for (const [index, { event }] of life.client.told.entries()) {
    for (const death of life.client.deaths) if (death.told === index) goOn(death);
    if (event.type === "connected") {
      // What an interrupted resume reported as missing still belongs to the lineage that ends here.
      for (const range of event.reconnection?.missingMessages ?? []) announce(range);
      if (event.reconnection?.resumed !== true) {
        settle();
        captions.begin();
        isNew = true;
        last = 0;
        delivered = [];
        missing = [];
        withheld = [];
      }
    }
    if (event.type === "warning" && event.error.code === "messages-missing") {
      const { ranges } = event.error.details as { ranges: readonly SeqRange[] };
      for (const range of ranges) announce(range);
      continue;
    }
    if (event.type !== "message") continue;
    const { message } = event;
    if (message.t === "queue.drop") {
      const { from_seq: fromSeq, to_seq: toSeq } = message.data as { from_seq: number; to_seq: number };
      announce({ fromSeq, toSeq });
      continue;
    }
    if (message.t === "asr.void") {
      captions.voided(message.data as { segment_ids: readonly string[] });
      continue;
    }
    const { text, replaces = [] } = message.data as { text: string; replaces?: readonly string[] };
    const [ofEpoch = 0, number = 0] = text.split(":").map(Number);
    if (isNew ? ofEpoch <= epoch : ofEpoch !== epoch) say(`A message of lineage ${ofEpoch} came after ${epoch}.`);
    epoch = ofEpoch;
    isNew = false;
    if (seen.has(text)) {
      duplicates += 1;
      say(`Message ${text} was delivered twice.`);
    } else if (number <= last && !lying) say(`Message ${text} came after ${last}.`);
    seen.add(text);
    passOver(number);
    delivered.push({ from: number, to: number + 1 });
    last = Math.max(last, number);
    captions.delivered(text, replaces);
  }
  settle();
  const final = life.recordings.at(-1);
  if (!life.cutShort && final !== undefined && final.key.epoch === epoch) {
    // What comes last no number follows that would show a hole.
    const rest = final.emitted.slice(last).filter((text) => !life.liar.swallowed.has(text));
    if (rest.length > 0) say(`Message ${last} was the last of ${final.emitted.length} delivered.`);
  }
  return duplicates;
}
