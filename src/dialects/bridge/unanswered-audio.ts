import type { DialectEvent, DialectTerms } from "../dialect.js";
import type { AudioMap } from "./audio-map.js";

/** How often it is noted how far the audio has been sent, in milliseconds. */
const MARK_MS = 1_000;
/** If nothing was sent or heard for longer, in milliseconds, nobody could act meanwhile, or there was nothing to speak of. */
const LOOK_MS = 1_000;

/** Audio that a service has got, and has not said everything about. */
export class UnansweredAudio {
  readonly #terms: DialectTerms;
  /** Segments with a caption that is not final, by the service's own names. */
  readonly #open = new Set<string>();
  /** How far the audio had been sent, now and then, by {@link #countedMs}. */
  readonly #marks: { readonly at: number; readonly end: number }[] = [];
  #settled: number;
  #loudEnd: number;
  #heardAt = Number.NEGATIVE_INFINITY;
  /** Time in which the service could have been heard, in milliseconds. */
  #countedMs = 0;
  #lookedAt: number | undefined;
  /** When audio was sent first since the service said something; `undefined` if none was. */
  #since: number | undefined;

  /** @param begin position of the first sample. */
  constructor(terms: DialectTerms, begin: number) {
    this.#terms = terms;
    this.#settled = begin;
    this.#loudEnd = begin;
  }

  /** The service has said everything before this position. */
  get settled(): number {
    return this.#settled;
  }

  /** When the service said something last. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** How many captions wait for their final one. */
  get openSegments(): number {
    return this.#open.size;
  }

  /** Whether no caption is waiting for its final one. */
  get isBetweenSegments(): boolean {
    return this.#open.size === 0;
  }

  /** Whether the service has said everything about all sound that was not quiet. */
  get isSaid(): boolean {
    return this.isBetweenSegments && this.#settled >= this.#loudEnd;
  }

  /**
   * Whether the service may have said everything if it closes the connection without a word. One that would have said something
   * about all audio has not while some is left.
   */
  get canBeEnd(): boolean {
    return this.#terms.wordsWithinMs === undefined ? this.isSaid : this.isBetweenSegments;
  }

  settle(position: number): void {
    this.#settled = Math.max(this.#settled, position);
  }

  /** @param end position after what has been sent. */
  sent(now: number, end: number, isQuiet: boolean): void {
    if (!isQuiet) this.#loudEnd = end;
    const at = this.#look(now);
    if (at - (this.#marks.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= MARK_MS) this.#marks.push({ at, end });
    // A service that says nothing while nobody speaks owes no answer to silence.
    if (this.#terms.wordsWithinMs === undefined || !isQuiet) this.#since ??= now;
  }

  /** The service has said something. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#since = undefined;
  }

  /** Notes which captions wait for their final one. */
  note(event: DialectEvent): void {
    if (event.type === "caption" && !event.final) this.#open.add(event.segment);
    else if (event.type === "caption" || event.type === "void") this.#open.delete(event.segment);
  }

  /** Whether the service says nothing for longer than it may. */
  isMute(now: number): boolean {
    const { silenceMs } = this.#terms;
    return silenceMs !== undefined && this.#since !== undefined && now - this.#since > silenceMs;
  }

  /** Settles audio in which nobody speaks, for services that say nothing about it. @param end position up to where it may be. */
  settleSilence(end: number): void {
    if (this.#terms.wordsWithinMs !== undefined && this.isSaid) this.settle(end);
  }

  /**
   * Settles audio about which the service would have begun a caption by now if there were words in it.
   * @param events what it has just said.
   */
  settleWordless(now: number, events: readonly DialectEvent[], map: AudioMap): void {
    const { wordsWithinMs } = this.#terms;
    if (wordsWithinMs === undefined) return;
    const due = this.#look(now) - wordsWithinMs;
    let end: number | undefined;
    for (let [mark] = this.#marks; mark !== undefined && mark.at <= due; [mark] = this.#marks) {
      this.#marks.shift();
      end = mark.end;
    }
    if (end === undefined || !this.isBetweenSegments) return;
    // A service that is late speaks of audio that it got long ago, and has not listened to what came later.
    const told = events.flatMap((event) => ("to" in event && event.to !== undefined ? [event.to] : []));
    const listened = told.length === 0 ? undefined : Math.max(...told) - wordsWithinMs / 1_000;
    this.settle(listened === undefined ? end : Math.min(end, map.positionAt(listened, "from")));
  }

  /** A program that stood still finds old messages of the service in its socket, and was not there for newer ones. */
  #look(now: number): number {
    this.#countedMs += Math.min(LOOK_MS, now - (this.#lookedAt ?? now));
    this.#lookedAt = now;
    return this.#countedMs;
  }
}
