import { RangeSet } from "../../internal/range-set.js";

/** Numbers of messages, both ends included. */
export interface SeqRange {
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** A missing message that comes after all is recognised among this many separate holes. */
const MAX_HOLES = 1_000;
/** How long a message may wait for its acknowledgement, in milliseconds. */
const ACK_DELAY_MS = 100;

/**
 * Which numbered messages of the server have been delivered. A number means something only within its epoch. While a
 * resume is answered, replayed and live messages may come in any order; each is delivered once, and the last number
 * moves only over what came without a hole, so that a second interruption asks for the rest of the replay again.
 * Numbers that are passed over otherwise are missing, and reported as such; one that still comes is delivered. What was
 * delivered is acknowledged soon enough that the server never has to wait for it.
 */
export class MessageLedger {
  #epoch: number | undefined;
  #lastSeq = 0;
  #resuming = false;
  /** Numbers above `#lastSeq` received during the resume. */
  readonly #ahead = new Set<number>();
  #highest = 0;
  /** Numbers of this epoch that never came. */
  readonly #missing = new RangeSet(MAX_HOLES);
  /** Missing numbers, also of an epoch that has ended, which the application has not heard of. */
  readonly #unreported = new RangeSet(MAX_HOLES);
  #acknowledgedSeq = 0;
  #acknowledgementDueAt: number | undefined;

  /** Everything up to this number was delivered or is missing: it may be acknowledged, and `session.resume` names it. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get epoch(): number | undefined {
    return this.#epoch;
  }

  /** What was delivered beyond {@link lastSeq}. */
  get ahead(): readonly number[] {
    return [...this.#ahead];
  }

  /** Goes on for another ledger. */
  restore(epoch: number | undefined, lastSeq: number, ahead: readonly number[]): void {
    this.reset(epoch, lastSeq);
    for (const seq of ahead) this.#ahead.add(seq);
    this.#highest = Math.max(lastSeq, ...ahead);
  }

  /** When {@link takeDueAcknowledgement} has something to return next. */
  get acknowledgementDueAt(): number | undefined {
    return this.#acknowledgementDueAt;
  }

  /** Returns what a resume says of the messages so far, which acknowledges them. */
  beginResume(): { readonly lastSeq: number; readonly epoch: number | undefined } {
    this.#resuming = true;
    this.#acknowledgedSeq = this.#lastSeq;
    return { lastSeq: this.#lastSeq, epoch: this.#epoch };
  }

  /** The server says itself that these numbers, both ends included, will never come. */
  lose(fromSeq: number, toSeq: number): void {
    for (const { from, to } of this.#giveUp(fromSeq, toSeq)) this.#unreported.add({ from, to });
  }

  /** As {@link lose}, where the application learns it from the server's own message. */
  loseReported(fromSeq: number, toSeq: number): void {
    this.#giveUp(fromSeq, toSeq);
  }

  /** Returns the missing numbers that were not returned before. */
  takeMissing(): SeqRange[] {
    return this.#unreported.take().map(({ from, to }) => ({ fromSeq: from, toSeq: to - 1 }));
  }

  /** The server has replayed all it has; what is still missing will not come. */
  finishResume(seq: number | undefined): void {
    if (seq !== undefined) this.note(seq);
    this.#resuming = false;
    if (this.#highest > this.#lastSeq) this.lose(this.#lastSeq + 1, this.#highest);
    this.#lastSeq = Math.max(this.#highest, this.#lastSeq);
    this.#ahead.clear();
  }

  /** A new lineage: numbers start again, and what an interrupted replay of the earlier one left out will never come. */
  reset(epoch: number | undefined, seq: number | undefined): void {
    this.lose(this.#lastSeq + 1, this.#highest);
    this.#epoch = epoch;
    this.#lastSeq = seq ?? 0;
    this.#highest = this.#lastSeq;
    this.#acknowledgedSeq = this.#lastSeq;
    this.#resuming = false;
    this.#ahead.clear();
    this.#missing.take();
  }

  /** The server names its epoch without saying that it is new. Returns whether it is, and numbers started again. */
  learnEpoch(epoch: number): boolean {
    const isNew = this.#epoch !== undefined && this.#epoch !== epoch;
    if (isNew) {
      const resuming = this.#resuming;
      this.reset(epoch, 0);
      this.#resuming = resuming;
    }
    this.#epoch = epoch;
    return isNew;
  }

  /** Returns whether the message is new and must be delivered. */
  accept(seq: number): boolean {
    if (seq <= this.#lastSeq) return this.#missing.delete(seq);
    if (this.#ahead.has(seq)) return false;
    this.#missing.delete(seq);
    this.#unreported.delete(seq);
    this.#highest = Math.max(this.#highest, seq);
    if (this.#resuming) {
      this.#ahead.add(seq);
      while (this.#ahead.delete(this.#lastSeq + 1)) this.#lastSeq += 1;
      return true;
    }
    // Where nothing was said of an epoch, a client may join while the numbers already run.
    const joins = this.#epoch === undefined && this.#lastSeq === 0;
    if (!joins) this.lose(this.#lastSeq + 1, seq - 1);
    this.#lastSeq = seq;
    return true;
  }

  /** A numbered message that is never replayed, such as the original server's heartbeats. */
  note(seq: number): void {
    this.accept(seq);
  }

  /**
   * Returns the number to acknowledge now, if any.
   * @param maxInFlight how many messages the server sends ahead of an acknowledgement.
   */
  takeDueAcknowledgement(maxInFlight: number, now: number): number | undefined {
    const pending = this.#lastSeq - this.#acknowledgedSeq;
    if (pending <= 0) {
      this.#acknowledgementDueAt = undefined;
      return undefined;
    }
    this.#acknowledgementDueAt ??= now + ACK_DELAY_MS;
    const isDue = pending >= Math.max(1, maxInFlight >> 2) || now >= this.#acknowledgementDueAt;
    return isDue ? this.takeAcknowledgement() : undefined;
  }

  /** Returns the number to acknowledge at the latest moment, if any. */
  takeAcknowledgement(): number | undefined {
    this.#acknowledgementDueAt = undefined;
    if (this.#lastSeq <= this.#acknowledgedSeq) return undefined;
    this.#acknowledgedSeq = this.#lastSeq;
    return this.#acknowledgedSeq;
  }

  /** The connection is gone: nothing can be acknowledged for now. */
  stop(): void {
    this.#acknowledgementDueAt = undefined;
  }

  /** Returns which of the numbers are neither delivered nor known to be missing, and calls them missing. */
  #giveUp(fromSeq: number, toSeq: number): { readonly from: number; readonly to: number }[] {
    const delivered = [...this.#ahead].filter((seq) => seq >= fromSeq && seq <= toSeq).sort((a, b) => a - b);
    let from = Math.max(fromSeq, this.#lastSeq + 1);
    return [...delivered, toSeq + 1].flatMap((to) => {
      const missing = this.#missing.add({ from, to });
      from = to + 1;
      return missing;
    });
  }
}
