/** Numbers of messages, both ends included. */
export interface SeqRange {
  readonly fromSeq: number;
  readonly toSeq: number;
}

/**
 * Which numbered messages of the server have been delivered. A number means something only within its epoch. While a
 * resume is answered, replayed and live messages may come in any order; each is delivered once, and the last number
 * moves only over what came without a hole, so that a second interruption asks for the rest of the replay again.
 */
export class EventLedger {
  #epoch: number | undefined;
  #lastSeq = 0;
  #resuming = false;
  /** Numbers above `#lastSeq` delivered during the resume. */
  readonly #ahead = new Set<number>();
  #highest = 0;

  get epoch(): number | undefined {
    return this.#epoch;
  }

  /** Everything up to this number was delivered: it may be acknowledged, and `session.resume` tells it. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  beginResume(): void {
    this.#resuming = true;
  }

  /** What of a range of numbers, both ends included, was never delivered. */
  undelivered(fromSeq: number, toSeq: number): SeqRange[] {
    const ranges: SeqRange[] = [];
    let from = Math.max(fromSeq, this.#lastSeq + 1);
    for (const seq of [...this.#ahead].filter((seq) => seq >= from && seq <= toSeq).sort((a, b) => a - b)) {
      if (from < seq) ranges.push({ fromSeq: from, toSeq: seq - 1 });
      from = seq + 1;
    }
    if (from <= toSeq) ranges.push({ fromSeq: from, toSeq });
    return ranges;
  }

  /** The server has replayed all it has; what is still missing will not come. */
  finishResume(seq: number | undefined): void {
    this.#resuming = false;
    this.#lastSeq = Math.max(this.#highest, this.#lastSeq, seq ?? 0);
    this.#ahead.clear();
  }

  /** A new lineage: numbers start again. */
  reset(epoch: number | undefined, seq: number | undefined): void {
    this.#epoch = epoch;
    this.#lastSeq = seq ?? 0;
    this.#highest = this.#lastSeq;
    this.#resuming = false;
    this.#ahead.clear();
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
    if (seq <= this.#lastSeq || this.#ahead.has(seq)) return false;
    this.#highest = Math.max(this.#highest, seq);
    if (this.#resuming) {
      this.#ahead.add(seq);
      while (this.#ahead.delete(this.#lastSeq + 1)) this.#lastSeq += 1;
    } else this.#lastSeq = seq;
    return true;
  }

  /** A numbered message that is never replayed, such as the original server's heartbeats. */
  note(seq: number): void {
    if (!this.#resuming) this.accept(seq);
  }
}
