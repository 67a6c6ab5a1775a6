import type { Clock } from "loquilex/resources";
import type { Log } from "./log.js";

const INTERVAL_MS = 1_000;

interface Kind {
  readonly lastAt: number;
  readonly withheld: number;
}

/**
 * Log lines that strangers can cause as often as they like: one of each kind a second. The next one says how many were
 * withheld.
 */
export class OccasionalLog {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #kinds = new Map<string, Kind>();

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param kind one of a few: every kind is remembered. */
  write(level: "info" | "warn", kind: string, fields: object, message: string): void {
    const now = this.#clock.now();
    const known = this.#kinds.get(kind);
    if (known !== undefined && now - known.lastAt < INTERVAL_MS) {
      this.#kinds.set(kind, { ...known, withheld: known.withheld + 1 });
      return;
    }
    this.#kinds.set(kind, { lastAt: now, withheld: 0 });
    const withheld = known?.withheld ?? 0;
    this.#log[level](withheld === 0 ? fields : { ...fields, withheld }, message);
  }
}
