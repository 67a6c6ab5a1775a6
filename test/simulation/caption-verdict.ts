import { type Range, show, subtract, total } from "./ranges.js";
import type { Caption, Recording } from "./recording.js";

interface Final {
  readonly audio: Range;
  readonly segmentId: string;
  readonly lineage: number;
}

/**
 * No caption of the same audio comes twice, however often a server loses its memory: what an earlier lineage has
 * finalised stands unless a later caption says that it replaces it, and what was left open is taken back.
 */
export class CaptionVerdict {
  readonly #captions: ReadonlyMap<string, Caption>;
  readonly #say: (problem: string) => void;
  #finals: Final[] = [];
  readonly #open = new Set<string>();
  /** Segments that a final was delivered of; a partial that comes after it opens none of them again. */
  readonly #closed = new Set<string>();
  #lineage = 0;
  /** Segments that the earlier lineage left open and that have not been taken back yet. */
  #toVoid = new Set<string>();

  constructor(recordings: readonly Recording[], say: (problem: string) => void) {
    this.#captions = new Map(recordings.flatMap(({ spoken }) => [...spoken]));
    this.#say = say;
  }

  /** A worker has died, and with it the memory of all captions. */
  forget(): void {
    this.#finals = [];
    this.#open.clear();
    this.#closed.clear();
    this.#toVoid.clear();
  }

  /** A lineage begins. */
  begin(): void {
    this.#lineage += 1;
    this.#toVoid = new Set(this.#open);
    this.#open.clear();
  }

  voided({ segment_ids: segmentIds }: { readonly segment_ids: readonly string[] }): void {
    const wrong = segmentIds.filter((id) => !this.#toVoid.delete(id));
    if (wrong.length > 0) this.#say(`Segments ${wrong.join(", ")} are taken back, and were not open.`);
    this.#checkVoided();
  }

  /** Whether a caption says nothing new, so that it has to be withheld. */
  isOld(text: string): boolean {
    const audio = this.#captions.get(text)?.audio;
    if (audio === undefined) return false;
    const earlier = this.#earlier(audio).map((final) => final.audio);
    return earlier.length > 0 && total(subtract([audio], earlier)) === 0;
  }

  delivered(text: string, replaces: readonly string[]): void {
    this.#checkVoided();
    const caption = this.#captions.get(text);
    if (caption === undefined) {
      this.#say(`Message ${text} was never emitted.`);
      return;
    }
    const { t, audio, segmentId } = caption;
    if (audio !== undefined && this.isOld(text)) this.#say(`Audio ${show([audio])} is captioned again by ${text}.`);
    const earlier = audio === undefined ? [] : this.#earlier(audio);
    const due = earlier.map((final) => final.segmentId);
    if (due.length !== replaces.length || due.some((id) => !replaces.includes(id))) {
      this.#say(
        `Message ${text} replaces ${replaces.join(", ") || "nothing"}, and not ${due.join(", ") || "nothing"}.`,
      );
    }
    if (t === "asr.partial") {
      if (!this.#closed.has(segmentId)) this.#open.add(segmentId);
      return;
    }
    this.#open.delete(segmentId);
    this.#closed.add(segmentId);
    this.#finals = this.#finals.filter((final) => !earlier.includes(final));
    if (audio !== undefined) this.#finals.push({ audio, segmentId, lineage: this.#lineage });
  }

  #checkVoided(): void {
    if (this.#toVoid.size > 0) this.#say(`Segments ${[...this.#toVoid].join(", ")} were left open and not taken back.`);
    this.#toVoid.clear();
  }

  #earlier(audio: Range): Final[] {
    return this.#finals.filter(
      (final) => final.lineage < this.#lineage && final.audio.from < audio.to && audio.from < final.audio.to,
    );
  }
}
