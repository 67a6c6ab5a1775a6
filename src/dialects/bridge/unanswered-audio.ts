import type { DialectTerms } from "../dialect.js";

/** How often it is noted how far the audio has been sent, in milliseconds. */
const MARK_MS = 1_000;

/** Audio that a service has got and not said anything about. */
export class UnansweredAudio {
  readonly #terms: DialectTerms;
  /** How far the audio had been sent, now and then. */
  readonly #marks: { readonly at: number; readonly end: number }[] = [];
  #loudEnd: number;
  #heardAt = Number.NEGATIVE_INFINITY;
  /** When audio was sent first since the service said something; `undefined` if none was. */
  #since: number | undefined;

  /** @param begin position of the first sample. */
  constructor(terms: DialectTerms, begin: number) {
    this.#terms = terms;
    this.#loudEnd = begin;
  }

  /** Position after the last audio that was not quiet. */
  get loudEnd(): number {
    return this.#loudEnd;
  }

  /** When the service said something last. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** @param end position after what has been sent. */
  sent(now: number, end: number, isQuiet: boolean): void {
    if (!isQuiet) this.#loudEnd = end;
    if (now - (this.#marks.at(-1)?.at ?? Number.NEGATIVE_INFINITY) >= MARK_MS) this.#marks.push({ at: now, end });
    // A service that says nothing while nobody speaks owes no answer to silence.
    if (this.#terms.wordsWithinMs === undefined || !isQuiet) this.#since ??= now;
  }

  /** The service has said something. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#since = undefined;
  }

  /** Whether the service says nothing for longer than it may. */
  isMute(now: number): boolean {
    const { silenceMs } = this.#terms;
    return silenceMs !== undefined && this.#since !== undefined && now - this.#since > silenceMs;
  }

  /**
   * Position up to which the service has got the audio so long ago that it would have begun a caption by now, if there were words in
   * it; `undefined` if it says so itself, or nothing was sent so long ago.
   */
  overdue(now: number): number | undefined {
    const { wordsWithinMs } = this.#terms;
    let end: number | undefined;
    while (wordsWithinMs !== undefined && (this.#marks[0]?.at ?? now) <= now - wordsWithinMs)
      end = this.#marks.shift()?.end;
    return end;
  }
}
