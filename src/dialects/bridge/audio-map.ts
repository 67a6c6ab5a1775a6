/** A stretch of audio as the service got it. All are counts of samples. */
interface Stretch {
  /** Where it begins in the service's own count. */
  readonly remote: number;
  readonly position: number;
  samples: number;
}

/** Audio that was left out so often ago is not spoken of any more. */
const MAX_STRETCHES = 4_096;
/** Time that is so close to where something was left out, in milliseconds, may be on the other side of it. */
const EDGE_MS = 20;
/** Services round, and guess where the last word ends: a time that is no further than this beyond what they got may be, in seconds. */
const GUESS_SEC = 1;

/** Tells the stream's positions from the time of one session of a service, which has not got what was left out. */
export class AudioMap {
  readonly #sampleRate: number;
  readonly #stretches: Stretch[] = [];
  readonly #begin: number;
  #remote = 0;

  /** @param begin position of the first sample that the session gets. */
  constructor(sampleRate: number, begin: number) {
    this.#sampleRate = sampleRate;
    this.#begin = begin;
  }

  /** Position after the last sample that was sent. */
  get end(): number {
    const last = this.#stretches.at(-1);
    return last === undefined ? this.#begin : last.position + last.samples;
  }

  /** The service has got so many more samples, which begin at this position. */
  sent(position: number, samples: number): void {
    const last = this.#stretches.at(-1);
    if (last !== undefined && last.position + last.samples === position && last.remote + last.samples === this.#remote)
      last.samples += samples;
    else this.#stretches.push({ remote: this.#remote, position, samples });
    if (this.#stretches.length > MAX_STRETCHES) this.#stretches.shift();
    this.#remote += samples;
  }

  /** Position up to where nothing before that time is needed. A time that the service has not got yet says nothing. */
  settledAt(seconds: number): number {
    const isHeard = (seconds - GUESS_SEC) * this.#sampleRate <= this.#remote;
    return isHeard ? this.positionAt(seconds, "to") : this.#begin;
  }

  /** Position of the sample that is so many seconds into the session, or of the nearest one that was sent. */
  positionAt(seconds: number, edge: "from" | "to"): number {
    const remote = Math.round(seconds * this.#sampleRate);
    // An end belongs to what is before it, a beginning to what comes after it, and services round.
    const slack = (EDGE_MS * this.#sampleRate) / 1_000;
    const found = this.#stretches.findLast((stretch) =>
      edge === "from" ? stretch.remote <= remote + slack : stretch.remote < remote - slack,
    );
    if (found === undefined) return this.#stretches[0]?.position ?? this.#begin;
    return found.position + Math.max(0, Math.min(remote - found.remote, found.samples));
  }
}
