import type { Clock } from "../../internal/clock.js";
import type { Scope } from "../../internal/scope.js";
import type { DialectTerms } from "../dialect.js";

/** How long a service may go on speaking after it was asked for its last words, in milliseconds. */
const MAX_MS = 120_000;

export interface LastWordsOptions {
  readonly clock: Clock;
  readonly scope: Scope;
  readonly terms: DialectTerms;
  /** When the service said something last. */
  heardAt(): number;
  /** Called once. @param isAlive whether it has said something since it was asked. */
  onSilence(isAlive: boolean): void;
}

/** Waits until a service that was just asked for its last words has been silent for longer than it may: one that is late goes on speaking. */
export function awaitLastWords({ clock, scope, terms: { finishMs }, heardAt, onSilence }: LastWordsOptions): void {
  const askedAt = clock.now();
  const look = (): void => {
    const silentFrom = Math.max(askedAt, heardAt());
    const until = Math.min(silentFrom + finishMs, askedAt + Math.max(finishMs, MAX_MS));
    const leftMs = until - clock.now();
    if (leftMs > 0) scope.timeout(Math.ceil(leftMs), look, "last words");
    else onSilence(heardAt() > askedAt);
  };
  look();
}
