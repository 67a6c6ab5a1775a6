/**
 * Which numbered messages of the server have been delivered. A number means something only within its epoch. While a
 * resume is answered, the last number stands still: replayed and live messages may come in any order, each is
 * delivered once, and a second interruption asks for the same replay again.
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

  /** What `session.resume` tells. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The highest number that may be acknowledged: everything up to it was delivered. */
  get acknowledgeable(): number {
    let seq = this.#lastSeq;
    while (this.#ahead.has(seq + 1)) seq += 1;
    return seq;
  }

  beginResume(): void {
    this.#resuming = true;
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
    if (this.#resuming) this.#ahead.add(seq);
    else this.#lastSeq = seq;
    return true;
  }

  /** A numbered message that is never replayed, such as the original server's heartbeats. */
  note(seq: number): void {
    if (!this.#resuming) this.accept(seq);
  }
}
