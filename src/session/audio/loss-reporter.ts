import type { AudioRange } from "../../internal/range-set.js";
import { audioDropping } from "../session-errors.js";
import type { SessionEvent } from "../session-io.js";
import type { AudioSender } from "./audio-sender.js";
import { DropEpisodes } from "./drop-episodes.js";

/** Reports what became of captured audio: a drop for each loss, its progress meanwhile, and how far all is settled. */
export class LossReporter {
  readonly #sender: Pick<AudioSender, "takeLosses" | "settledTo">;
  readonly #sampleRate: number;
  readonly #emit: (event: SessionEvent) => void;
  readonly #episodes = new DropEpisodes();
  #samplesDropped = 0;
  #settledTo = 0;

  /** @param restored what the session that this one goes on for has not announced. */
  constructor(
    sender: Pick<AudioSender, "takeLosses" | "settledTo">,
    sampleRate: number,
    emit: (event: SessionEvent) => void,
    restored: readonly AudioRange[] = [],
  ) {
    this.#sender = sender;
    this.#sampleRate = sampleRate;
    this.#emit = emit;
    for (const range of restored) this.#episodes.add(range, 0);
  }

  /** What is lost and was not announced yet, because it may go on. */
  get pending(): readonly AudioRange[] {
    return this.#episodes.ranges;
  }

  /** Samples in all drops that were announced. */
  get samplesDropped(): number {
    return this.#samplesDropped;
  }

  /** When {@link follow} has something to report next. */
  get nextDue(): number | undefined {
    return this.#episodes.nextDue;
  }

  /** Announces the losses that are over, and reports how far the others have come. */
  follow(now: number): void {
    if (this.#gather(now)) this.#emit({ type: "losing" });
    if (this.#episodes.nextDue === undefined) return;
    this.#drop(this.#episodes.takeFinished(now));
    const progress = this.#episodes.takeProgress(now);
    if (progress !== undefined) this.#emit({ type: "warning", error: audioDropping(progress, this.#sampleRate) });
  }

  /** Announces everything that is lost by now: something has happened that ends every episode of loss. */
  announceAll(now: number): void {
    this.#gather(now);
    this.#drop(this.#episodes.takeAll());
  }

  reportSettled(): void {
    const { settledTo } = this.#sender;
    if (settledTo > this.#settledTo) this.#emit({ type: "acknowledged", position: settledTo });
    this.#settledTo = settledTo;
  }

  /** @returns whether anything is lost that was not before. */
  #gather(now: number): boolean {
    const losses = this.#sender.takeLosses();
    for (const range of losses) this.#episodes.add(range, now);
    return losses.length > 0;
  }

  #drop(ranges: readonly AudioRange[]): void {
    for (const range of ranges) {
      this.#samplesDropped += range.to - range.from;
      this.#emit({ type: "drop", range });
    }
  }
}
