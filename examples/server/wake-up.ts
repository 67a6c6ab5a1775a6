import type { Clock, Registration, Scope } from "loquilex/resources";
import { doFor, type OnFault } from "./fault-owner.js";

export interface WakeUpOptions {
  readonly clock: Clock;
  readonly scope: Scope;
  onTime(): void;
  readonly onFault: OnFault;
}

/**
 * The timer of somebody who says, after everything that happens, when to be woken next. That is nearly always later than
 * before, and then nothing is done: a timer that comes too early costs less than one that is set for each message.
 */
export class WakeUp {
  readonly #options: WakeUpOptions;
  #timer: Registration | undefined;
  /** When the timer comes. */
  #at = Number.POSITIVE_INFINITY;

  constructor(options: WakeUpOptions) {
    this.#options = options;
  }

  /** Calls `onTime` at this time of the clock, or earlier if a timer is set already; never for `undefined`. */
  set(at: number | undefined): void {
    if (at !== undefined && at >= this.#at) return;
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#at = at ?? Number.POSITIVE_INFINITY;
    if (at === undefined) return;
    const { clock, scope, onFault } = this.#options;
    const wake = (): void => {
      this.#at = Number.POSITIVE_INFINITY;
      this.#options.onTime();
    };
    // The timer is everybody's, whoever's message happened to set it.
    doFor(onFault, () => {
      this.#timer = scope.timeout(Math.max(0, at - clock.now()), wake, "protocol wake-up");
    });
  }
}
