import { type AudioRange, RangeSet } from "../../internal/range-set.js";
import {
  isApplicationMessage,
  type KnownServerMessage,
  type ServerData,
  type ServerMessage,
} from "../../protocol/messages.js";

type Kind = "asr" | "mt";
type Caption = Extract<KnownServerMessage, { t: `${Kind}.${"partial" | "final"}` }>;

interface Final extends AudioRange {
  readonly segmentId: string;
  readonly lineage: number;
}

/** Final captions that are remembered, newest last: more than fit into the audio that is ever sent again. */
const MAX_FINALS = 1_000;
/** Segments that are remembered as open, those that changed last, so that a server which finishes none costs no memory. */
const MAX_OPEN = 1_000;

/**
 * Keeps captions from coming twice after a server has lost its state, is sent audio again, and captions it anew under
 * other names. What the earlier lineage has finished stands: a caption inside it is withheld, and one that goes beyond
 * it names what it replaces. What the earlier lineage left open is void.
 */
export class CaptionLedger {
  #lineage = 0;
  readonly #finals: Record<Kind, Final[]> = { asr: [], mt: [] };
  /** Segments whose last caption was a partial one, in the order of their last change. */
  readonly #open: Record<Kind, Set<string>> = { asr: new Set(), mt: new Set() };

  /** Returns the message as the application gets it, or `undefined` if it says nothing new. */
  judge(message: ServerMessage): ServerMessage | undefined {
    if (isApplicationMessage(message)) return message;
    switch (message.t) {
      case "asr.partial":
      case "asr.final":
        return this.#judge("asr", message);
      case "mt.partial":
      case "mt.final":
        return this.#judge("mt", message);
      case "asr.void":
        this.#void("asr", message.data.segment_ids);
        return message;
      case "mt.void":
        this.#void("mt", message.data.segment_ids);
        return message;
      default:
        return message;
    }
  }

  /** A new lineage has begun. @returns the messages that take back what the earlier one left open. */
  renew(sessionId: string): ServerMessage[] {
    this.#lineage += 1;
    return (["asr", "mt"] as const).flatMap((kind): ServerMessage[] => {
      const segmentIds = [...this.#open[kind]];
      this.#open[kind].clear();
      if (segmentIds.length === 0) return [];
      const data = { segment_ids: segmentIds };
      const head = { v: 1, sid: sessionId } as const;
      return [kind === "asr" ? { ...head, t: "asr.void", data } : { ...head, t: "mt.void", data }];
    });
  }

  #judge(kind: Kind, caption: Caption): Caption | undefined {
    const { segment_id: segmentId, audio } = caption.data;
    const earlier = audio === undefined ? [] : this.#earlierFinals(kind, audio);
    if (audio !== undefined && earlier.length > 0 && covers(earlier, audio)) return undefined;
    if (caption.t.endsWith(".final")) this.#finish(kind, caption.data, earlier);
    else if (!this.#finals[kind].some((final) => final.segmentId === segmentId)) this.#leaveOpen(kind, segmentId);
    const replaces = earlier.map((final) => final.segmentId).filter((id) => id !== segmentId);
    if (replaces.length === 0) return caption;
    return { ...caption, data: { ...caption.data, replaces: [...(caption.data.replaces ?? []), ...replaces] } };
  }

  #leaveOpen(kind: Kind, segmentId: string): void {
    const open = this.#open[kind];
    open.delete(segmentId);
    open.add(segmentId);
    const [oldest] = open;
    if (open.size > MAX_OPEN && oldest !== undefined) open.delete(oldest);
  }

  #finish(kind: Kind, caption: ServerData["asr.final"], replaced: readonly Final[]): void {
    const { segment_id: segmentId, audio, replaces = [] } = caption;
    this.#void(kind, replaces);
    this.#open[kind].delete(segmentId);
    const finals = this.#finals[kind].filter((final) => final.segmentId !== segmentId && !replaced.includes(final));
    if (audio !== undefined) finals.push({ ...audio, segmentId, lineage: this.#lineage });
    this.#finals[kind] = finals.slice(-MAX_FINALS);
  }

  #void(kind: Kind, segmentIds: readonly string[]): void {
    for (const segmentId of segmentIds) this.#open[kind].delete(segmentId);
    this.#finals[kind] = this.#finals[kind].filter((final) => !segmentIds.includes(final.segmentId));
  }

  /** Final captions of earlier lineages that share audio with the range. */
  #earlierFinals(kind: Kind, { from, to }: AudioRange): Final[] {
    return this.#finals[kind].filter((final) => final.lineage < this.#lineage && final.from < to && from < final.to);
  }
}

/** Whether the ranges leave nothing of the other one uncovered. */
function covers(ranges: readonly AudioRange[], range: AudioRange): boolean {
  const covered = new RangeSet(MAX_FINALS);
  for (const each of ranges) covered.add(each);
  return covered.add(range).length === 0;
}
