import type { Clock, Registration, Scope } from "loquilex/resources";

/** How much of a program's output is taken. What comes faster waits, and so does the program in the end. */
export interface OutputLimit {
  readonly linesPerSec: number;
  readonly charactersPerSec: number;
  /** Seconds of both that may come at once. */
  readonly burstSec: number;
}

export interface OutputMeterOptions {
  /** @defaultValue none */
  readonly limit: OutputLimit | undefined;
  readonly clock: Clock;
  readonly scope: Scope;
  onLine(line: string): void;
  /** Whether no more is wanted for now. */
  onBusy(busy: boolean): void;
}

/** Hands out a program's lines in their order, no faster than a limit allows. */
export class OutputMeter {
  readonly #options: OutputMeterOptions;
  #waiting: readonly string[] = [];
  /** How many of {@link #waiting} are handed out. */
  #given = 0;
  /** Seconds of output that may come at once now. */
  #allowanceSec: number;
  #countedAt: number;
  #wake: Registration | undefined;

  constructor(options: OutputMeterOptions) {
    this.#options = options;
    this.#allowanceSec = options.limit?.burstSec ?? 0;
    this.#countedAt = options.clock.now();
  }

  push(lines: readonly string[]): void {
    if (lines.length === 0) return;
    // What waits is the rest of one chunk: nothing more is read until it is handed out.
    this.#waiting = this.#given === this.#waiting.length ? lines : [...this.#waiting.slice(this.#given), ...lines];
    this.#given = 0;
    this.#handOut();
  }

  /** Hands out what may come at once, and forgets the rest. */
  end(): void {
    this.#wake?.dispose();
    this.#handOut();
    this.#wake?.dispose();
    this.#waiting = [];
    this.#given = 0;
  }

  #handOut(): void {
    this.#wake = undefined;
    const { limit, clock, scope, onLine, onBusy } = this.#options;
    if (limit !== undefined) {
      const now = clock.now();
      this.#allowanceSec = Math.min(limit.burstSec, this.#allowanceSec + (now - this.#countedAt) / 1_000);
      this.#countedAt = now;
    }
    for (; this.#given < this.#waiting.length; this.#given += 1) {
      if (limit !== undefined && this.#allowanceSec <= 0) break;
      const line = this.#waiting[this.#given] ?? "";
      if (limit !== undefined) {
        this.#allowanceSec -= Math.max(1 / limit.linesPerSec, line.length / limit.charactersPerSec);
      }
      onLine(line);
    }
    const busy = this.#given < this.#waiting.length;
    onBusy(busy);
    if (busy && !scope.disposed) {
      const delayMs = Math.max(1, -this.#allowanceSec * 1_000);
      this.#wake = scope.timeout(delayMs, () => this.#handOut(), "pace of a program's output");
    }
  }
}
