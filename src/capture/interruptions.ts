import type { InterruptReason } from "./source.js";

/** What is told when several things hold at once: the one that needs the most mending. */
const BY_RANK: readonly InterruptReason[] = [
  "device-lost",
  "processor-failed",
  "context-stalled",
  "context-interrupted",
  "context-suspended",
  "device-muted",
];

/** Gathers what keeps a source from delivering, and tells each change of the foremost reason. */
export class Interruptions {
  readonly #holding = new Set<InterruptReason>();
  readonly #tell: (reason: InterruptReason | undefined) => void;
  #told: InterruptReason | undefined;

  constructor(tell: (reason: InterruptReason | undefined) => void) {
    this.#tell = tell;
  }

  /** Whether time passes of which nothing is heard. A muted device is heard: it delivers silence. */
  get missing(): boolean {
    return this.#told !== undefined && this.#told !== "device-muted";
  }

  has(reason: InterruptReason): boolean {
    return this.#holding.has(reason);
  }

  /** Sets or clears several at once, and tells what comes of it, if anything does. */
  set(changes: Partial<Record<InterruptReason, boolean>>): void {
    for (const reason of BY_RANK) {
      if (changes[reason] === true) this.#holding.add(reason);
      else if (changes[reason] === false) this.#holding.delete(reason);
    }
    const foremost = BY_RANK.find((reason) => this.#holding.has(reason));
    if (foremost === this.#told) return;
    this.#told = foremost;
    this.#tell(foremost);
  }
}
