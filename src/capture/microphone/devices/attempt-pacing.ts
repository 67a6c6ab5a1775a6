import { systemClock } from "../../../internal/clock.js";
import type { Registration, Scope } from "../../../internal/scope.js";
import { delayAfter } from "./delays.js";

/** How long it waits after each failure, in milliseconds; after the last one, always as long. */
const BACKOFF_MS = [5_000, 10_000, 20_000, 40_000, 60_000];
/** However often the browser reports a change of its devices, attempts are so far apart, in milliseconds. */
const ATTEMPT_PAUSE_MS = 1_000;

/** Decides when something that failed is tried again: by time, and sooner if the devices change. */
export class AttemptPacing {
  readonly #scope: Scope;
  readonly #onDue: () => void;
  #failures = 0;
  #triedAt = Number.NEGATIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;
  #retry: Registration | undefined;

  /** @param onDue called when the time has come, until the scope ends. */
  constructor(scope: Scope, onDue: () => void) {
    this.#scope = scope;
    this.#onDue = onDue;
  }

  get isDue(): boolean {
    return systemClock.now() >= this.#notBefore;
  }

  begun(): void {
    this.#triedAt = systemClock.now();
  }

  failed(): void {
    this.#waitUntil(systemClock.now() + delayAfter(BACKOFF_MS, this.#failures));
    this.#failures += 1;
  }

  /** What is in use now is good enough for a while. */
  rest(): void {
    this.#waitUntil(systemClock.now() + delayAfter(BACKOFF_MS, BACKOFF_MS.length));
  }

  /** The devices have changed. */
  hurry(): void {
    this.#waitUntil(Math.min(this.#notBefore, this.#triedAt + ATTEMPT_PAUSE_MS));
  }

  /** Nothing stands in the way any more. */
  reset(): void {
    this.#failures = 0;
    this.#waitUntil(Number.NEGATIVE_INFINITY);
  }

  #waitUntil(time: number): void {
    this.#notBefore = time;
    this.#retry?.dispose();
    const delayMs = time - systemClock.now();
    if (delayMs > 0) this.#retry = this.#scope.timeout(delayMs, this.#onDue, "device retry");
  }
}
