import { EventLedger } from "./event-ledger.js";

const ACK_DELAY_MS = 100;

/** Delivers each numbered message once, and says when to acknowledge, so that the server never has to wait for it. */
export class MessageReceipts {
  readonly ledger = new EventLedger();
  #acknowledgedSeq = 0;
  #dueAt: number | undefined;

  /** When an acknowledgement falls due. */
  get dueAt(): number | undefined {
    return this.#dueAt;
  }

  /** The server learns the last number from the resume itself. */
  beginResume(): void {
    this.ledger.beginResume();
    this.#acknowledgedSeq = this.ledger.lastSeq;
  }

  reset(epoch: number, seq: number | undefined): void {
    this.ledger.reset(epoch, seq);
    this.#acknowledgedSeq = seq ?? 0;
  }

  /** @returns whether the epoch is a new one, in which numbers start again. */
  learnEpoch(epoch: number): boolean {
    const isNew = this.ledger.learnEpoch(epoch);
    if (isNew) this.#acknowledgedSeq = 0;
    return isNew;
  }

  /** The connection is gone. */
  stop(): void {
    this.#dueAt = undefined;
  }

  /**
   * @param maxInFlight what the server sends ahead of an acknowledgement.
   * @returns the number to acknowledge now, if any.
   */
  due(maxInFlight: number, now: number): number | undefined {
    const pending = this.ledger.lastSeq - this.#acknowledgedSeq;
    if (pending <= 0) {
      this.#dueAt = undefined;
      return undefined;
    }
    this.#dueAt ??= now + ACK_DELAY_MS;
    return pending >= Math.max(1, maxInFlight >> 2) || now >= this.#dueAt ? this.take() : undefined;
  }

  /** The number to acknowledge at the latest moment, if there is one. */
  take(): number | undefined {
    this.#dueAt = undefined;
    if (this.ledger.lastSeq <= this.#acknowledgedSeq) return undefined;
    this.#acknowledgedSeq = this.ledger.lastSeq;
    return this.#acknowledgedSeq;
  }
}
