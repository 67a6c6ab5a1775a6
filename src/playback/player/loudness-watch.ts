import type { LoudSpan } from "../port-messages.js";

/**
 * While it is loud, it is said so often, in seconds: less than the shortest time for which the microphone is silenced after
 * something loud, so that a report counts until the next one.
 */
export const LOUD_REPORT_SEC = 0.05;

/** Notices when what is played is so loud that the microphone hears it. What it allocates is for reports. */
export class LoudnessWatch {
  readonly #loudFrom: number;
  #span: { readonly type: "loud"; readonly from: number; to: number } | undefined;
  #dueAt = 0;

  /** @param loudFrom linear, 1 is full scale. */
  constructor(loudFrom: number) {
    this.#loudFrom = loudFrom;
  }

  /**
   * Looks at one quantum.
   * @param outputs by channel.
   * @param from when it begins, in seconds on the context's clock.
   * @param to when it ends.
   * @returns what is to be reported: at once when it becomes loud, and at intervals while it is.
   */
  look(outputs: readonly Float32Array[], from: number, to: number): LoudSpan | undefined {
    if (outputs.some((output) => this.#isLoud(output))) {
      this.#span ??= { type: "loud", from, to };
      this.#span.to = to;
    }
    const span = this.#span;
    if (span === undefined || to < this.#dueAt) return undefined;
    this.#span = undefined;
    this.#dueAt = to + LOUD_REPORT_SEC;
    return span;
  }

  #isLoud(samples: Float32Array): boolean {
    for (let index = 0; index < samples.length; index += 1) {
      if (Math.abs(samples[index] as number) >= this.#loudFrom) return true;
    }
    return false;
  }
}
