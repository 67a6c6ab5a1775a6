import type { AudioRange } from "./range-set.js";

/** A run of contiguous loss is over once nothing has been added to it for this long. */
const QUIET_MS = 1_000;
/** Progress of a run that goes on is reported at most this often. */
const PROGRESS_MS = 1_000;

interface Episode {
  from: number;
  to: number;
  lastLossAt: number;
  progressDueAt: number;
}

/** Gathers lost ranges into episodes of contiguous loss, so that each is announced once, when it is over. */
export class DropEpisodes {
  /** The ones that are not over yet, in the order in which they began. */
  #episodes: Episode[] = [];

  /** When {@link takeFinished} or {@link takeProgress} may have something to return next. */
  get nextDue(): number | undefined {
    if (this.#episodes.length === 0) return undefined;
    return Math.min(
      ...this.#episodes.map(({ lastLossAt, progressDueAt }) => Math.min(lastLossAt + QUIET_MS, progressDueAt)),
    );
  }

  add({ from, to }: AudioRange, now: number): void {
    const touching = this.#episodes.find((episode) => from <= episode.to && to >= episode.from);
    if (touching === undefined) {
      this.#episodes.push({ from, to, lastLossAt: now, progressDueAt: now + PROGRESS_MS });
      return;
    }
    touching.from = Math.min(touching.from, from);
    touching.to = Math.max(touching.to, to);
    touching.lastLossAt = now;
  }

  /** Removes and returns the episodes that are over. */
  takeFinished(now: number): AudioRange[] {
    const isOver = ({ lastLossAt }: Episode) => now >= lastLossAt + QUIET_MS;
    const finished = this.#episodes.filter(isOver);
    if (finished.length > 0) this.#episodes = this.#episodes.filter((episode) => !isOver(episode));
    return finished.map(toRange);
  }

  /** Returns how far the episodes have come whose progress has not been reported for a while. */
  takeProgress(now: number): AudioRange[] {
    const due = this.#episodes.filter(({ progressDueAt }) => now >= progressDueAt);
    for (const episode of due) episode.progressDueAt = now + PROGRESS_MS;
    return due.map(toRange);
  }

  /** Removes and returns everything, in order of position: something has happened that ends every episode. */
  takeAll(): AudioRange[] {
    const finished = this.#episodes.splice(0).map(toRange);
    return finished.sort((a, b) => a.from - b.from);
  }
}

const toRange = ({ from, to }: Episode): AudioRange => ({ from, to });
