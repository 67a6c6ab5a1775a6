import type { Clock } from "loquilex/resources";
import type { Log } from "../logging/log.js";
import type { Engine, EngineOpenOptions, EngineRun } from "./engine.js";
import { RosteredRun } from "./rostered-run.js";

/** A stream without sound for so long gives its place to one that waits. */
const IDLE_MS = 10_000;

export interface EngineRosterOptions {
  readonly preferred: Engine;
  /** Takes the streams that the preferred engine does not; refuses none and never fails. */
  readonly fallback: Engine;
  /** Runs of the preferred engine at once. */
  readonly maxRuns: number;
  readonly clock: Clock;
  readonly logger: Log;
}

/**
 * The engine that the sessions see. A stream gets a place of the preferred engine with its first sound. If all places are
 * taken, it waits for one in a fair queue, and the fallback listens meanwhile; so it does to formats that the preferred
 * engine refuses, and from where that one failed. The status says which, and why.
 */
export class EngineRoster implements Engine {
  readonly #options: EngineRosterOptions;
  readonly #holders = new Set<RosteredRun>();
  /** In the order of their first sound. */
  readonly #waiting = new Set<RosteredRun>();
  /** The order in which those that wait get a place; `undefined` after a change. */
  #queue: readonly RosteredRun[] | undefined;
  /** Places whose engines say their last words, since another stream needs them more. */
  #yielding = 0;
  #failures = 0;

  constructor(options: EngineRosterOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.preferred.name;
  }

  /** Runs of the preferred engine that go on. */
  get runs(): number {
    return this.#holders.size + this.#yielding;
  }

  /** How often the preferred engine has failed in the middle of a run. */
  get failures(): number {
    return this.#failures;
  }

  open(options: EngineOpenOptions): EngineRun {
    return this.#open("", options);
  }

  /** The engine for streams of one owner, who gets no more than a fair share of the places if others wait. */
  forOwner(owner: string): Engine {
    return { name: this.name, open: (options) => this.#open(owner, options) };
  }

  #open(owner: string, options: EngineOpenOptions): EngineRun {
    const { preferred, fallback, maxRuns, clock, logger } = this.#options;
    if (preferred === fallback) return fallback.open(options);
    return new RosteredRun({
      ...{ owner, options, preferred, fallback, maxRuns, clock, logger },
      onSound: (run) => this.#seat(run),
      onFailure: () => {
        this.#failures += 1;
      },
      onLeave: (run) => this.#leave(run),
      placeOf: (run) => (this.#waiting.has(run) ? this.#ordered.indexOf(run) + 1 : undefined),
    });
  }

  /** A stream that has no place has sound. */
  #seat(run: RosteredRun): void {
    if (this.#options.maxRuns === 0) return;
    if (!this.#waiting.has(run)) {
      this.#waiting.add(run);
      this.#queue = undefined;
    }
    if (this.runs >= this.#options.maxRuns && this.#yielding === 0) this.#freeIdlePlace();
    this.#fill();
  }

  #leave(run: RosteredRun): void {
    if (this.#waiting.delete(run)) this.#queue = undefined;
    if (!this.#holders.delete(run)) return;
    this.#queue = undefined;
    this.#fill();
  }

  #freeIdlePlace(): void {
    const latest = this.#options.clock.now() - IDLE_MS;
    for (const holder of this.#holders) {
      if (holder.heardAt > latest) continue;
      this.#holders.delete(holder);
      this.#queue = undefined;
      this.#yielding += 1;
      void holder.yieldPlace().then(() => {
        this.#yielding -= 1;
        this.#fill();
      });
      return;
    }
  }

  #fill(): void {
    const { maxRuns, clock } = this.#options;
    while (this.runs < maxRuns) {
      const next = this.#ordered.find(({ heardAt }) => heardAt > clock.now() - IDLE_MS);
      if (next === undefined) return;
      this.#waiting.delete(next);
      this.#holders.add(next);
      this.#queue = undefined;
      if (next.takePlace()) continue;
      this.#holders.delete(next);
      this.#queue = undefined;
    }
  }

  /** Who has fewer places comes first, and then who has waited longer. */
  get #ordered(): readonly RosteredRun[] {
    this.#queue ??= this.#order();
    return this.#queue;
  }

  #order(): readonly RosteredRun[] {
    const turns = new Map<string, number>();
    const nextTurn = ({ owner }: RosteredRun): number => {
      const turn = turns.get(owner) ?? 0;
      turns.set(owner, turn + 1);
      return turn;
    };
    for (const holder of this.#holders) nextTurn(holder);
    return Array.from(this.#waiting, (run) => ({ run, turn: nextTurn(run) }))
      .toSorted((a, b) => a.turn - b.turn)
      .map(({ run }) => run);
  }
}
