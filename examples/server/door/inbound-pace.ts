const MS_PER_SEC = 1_000;

export interface InboundLimits {
  readonly messagesPerSec: number;
  readonly bytesPerSec: number;
}

/**
 * How fast one client's messages are taken: as many messages, and as many bytes, as there are in a second at once, and what
 * a second brings from there on. Nothing is refused for coming sooner, it is only read later: no clock decides what is valid.
 */
export class InboundPace {
  readonly #limits: InboundLimits;
  #messages: number;
  #bytes: number;
  #filledAt: number;

  constructor(limits: InboundLimits, now: number) {
    this.#limits = limits;
    this.#messages = limits.messagesPerSec;
    this.#bytes = limits.bytesPerSec;
    this.#filledAt = now;
  }

  /** Whether a message can be taken whatever the time is. */
  get hasRoom(): boolean {
    return this.#messages >= 1 && this.#bytes > 0;
  }

  /** Takes a message if it is time for it. */
  take(bytes: number, now: number): boolean {
    if (!this.hasRoom) this.#fill(now);
    if (!this.hasRoom) return false;
    this.spend(bytes);
    return true;
  }

  /** Takes a message for which there is room. */
  spend(bytes: number): void {
    this.#messages -= 1;
    // One that is larger than what is left is taken whole, and those after it wait.
    this.#bytes -= bytes;
  }

  #fill(now: number): void {
    const { messagesPerSec, bytesPerSec } = this.#limits;
    const seconds = Math.max(0, now - this.#filledAt) / MS_PER_SEC;
    this.#filledAt = now;
    this.#messages = Math.min(messagesPerSec, this.#messages + seconds * messagesPerSec);
    this.#bytes = Math.min(bytesPerSec, this.#bytes + seconds * bytesPerSec);
  }
}
