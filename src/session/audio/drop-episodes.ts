import type { AudioRange } from "../../internal/range-set.js";

/** A run of contiguous loss is over once nothing has been added to it for this long. */
const QUIET_MS = 1_000;
/** Progress of what goes on is reported at most this often, however many runs there are. */
const PROGRESS_MS = 1_000;

interface Episode {
  readonly from: number;
  readonly to: number;
  readonly lastLossAt: number;
}

/** Gathers lost ranges into episodes of contiguous loss, so that each is announced once, when it is over. */
export class DropEpisodes {
  /** The ones that are not over yet. No two of them touch. */
  #episodes: Episode[] = [];
  #progressDueAt = Number.NEGATIVE_INFINITY;

  /** When {@link takeFinished} or {@link takeProgress} may have something to return next. */
  get nextDue(): number | undefined {
    if (this.#episodes.length === 0) return undefined;
    const quietAt = Math.min(...this.#episodes.map(({ lastLossAt }) => lastLossAt + QUIET_MS));
    return Math.min(quietAt, this.#progressDueAt);
  }

  /** The runs that are not over yet. */
  get ranges(): AudioRange[] {
    return this.#episodes.map(toRange);
  }

  add({ from, to }: AudioRange, now: number): void {
    if (this.#episodes.length === 0) this.#progressDueAt = Math.max(this.#progressDueAt, now + PROGRESS_MS);
    const touches = (episode: Episode) => from <= episode.to && to >= episode.from;
    const touching = this.#episodes.filter(touches);
    const merged = {
      from: Math.min(from, ...touching.map((episode) => episode.from)),
      to: Math.max(to, ...touching.map((episode) => episode.to)),
      lastLossAt: now,
    };
    this.#episodes = [...this.#episodes.filter((episode) => !touches(episode)), merged];
  }

  /** Removes and returns the episodes that are over. */
  takeFinished(now: number): AudioRange[] {
    const isOver = ({ lastLossAt }: Episode) => now >= lastLossAt + QUIET_MS;
    const finished = this.#episodes.filter(isOver);
    if (finished.length > 0) this.#episodes = this.#episodes.filter((episode) => !isOver(episode));
    return finished.map(toRange).sort(byPosition);
  }

  /** Returns how far the episode has come that grew last, or `undefined` if progress was reported a moment ago. */
  takeProgress(now: number): AudioRange | undefined {
    const latest = this.#episodes.at(-1);
    if (latest === undefined || now < this.#progressDueAt) return undefined;
    this.#progressDueAt = now + PROGRESS_MS;
    return toRange(latest);
  }

  /** Removes and returns everything, in order of position: something has happened that ends every episode. */
  takeAll(): AudioRange[] {
    return this.#episodes.splice(0).map(toRange).sort(byPosition);
  }
}

const toRange = ({ from, to }: Episode): AudioRange => ({ from, to });
const byPosition = (a: AudioRange, b: AudioRange): number => a.from - b.from;
