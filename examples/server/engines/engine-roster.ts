import { type Engine, type EngineOpenOptions, EngineRefusal, type EngineRun } from "./engine.js";

export interface EngineRosterOptions {
  readonly preferred: Engine;
  /** Takes the streams that the preferred engine does not; refuses none and never fails. */
  readonly fallback: Engine;
  /** Runs of the preferred engine at once. */
  readonly maxRuns: number;
}

/**
 * The engine that the sessions see: the preferred one while there is room, the fallback for streams over the cap, for
 * formats the preferred one refuses, and from where it failed. The status says which, and why.
 */
export class EngineRoster implements Engine {
  readonly #options: EngineRosterOptions;
  #runs = 0;
  #failures = 0;

  constructor(options: EngineRosterOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.preferred.name;
  }

  /** Runs of the preferred engine that go on. */
  get runs(): number {
    return this.#runs;
  }

  /** How often the preferred engine has failed in the middle of a run. */
  get failures(): number {
    return this.#failures;
  }

  open(options: EngineOpenOptions): EngineRun {
    const { preferred, fallback, maxRuns } = this.#options;
    if (preferred === fallback) return fallback.open(options);
    if (this.#runs >= maxRuns) {
      return openFallback(
        fallback,
        options,
        `All ${maxRuns} places of the engine ${preferred.name} are taken, so ${fallback.name} listens instead.`,
      );
    }
    try {
      const run = new GuardedRun(preferred, fallback, options, {
        onFailure: () => {
          this.#failures += 1;
        },
        onLeave: () => {
          this.#runs -= 1;
        },
      });
      this.#runs += 1;
      return run;
    } catch (error) {
      const why =
        error instanceof EngineRefusal ? error.message : `The engine ${preferred.name} did not start: ${error}.`;
      return openFallback(fallback, options, `${why} ${fallback.name} listens instead.`);
    }
  }
}

function openFallback(fallback: Engine, options: EngineOpenOptions, why: string): EngineRun {
  return fallback.open({
    ...options,
    onStatus: (status) => options.onStatus({ ...status, detail: `${why} ${status.detail}`.trim() }),
  });
}

/** What becomes of a place of the preferred engine. */
interface PlaceEvents {
  /** The engine failed in the middle of a run. */
  onFailure(): void;
  /** The place is free again. */
  onLeave(): void;
}

/** A run of the preferred engine that goes on with the fallback when the engine fails. */
class GuardedRun implements EngineRun {
  readonly #fallback: Engine;
  readonly #options: EngineOpenOptions;
  readonly #place: PlaceEvents;
  #run: EngineRun;
  #position: number;
  #failed = false;
  #ended = false;
  #holdsPlace = true;

  constructor(preferred: Engine, fallback: Engine, options: EngineOpenOptions, place: PlaceEvents) {
    this.#fallback = fallback;
    this.#options = options;
    this.#place = place;
    this.#position = options.startPosition;
    this.#run = preferred.open({ ...options, onError: (error) => this.#takeOver(error) });
  }

  write(samples: Uint8Array, position: number): Promise<void> | undefined {
    this.#position = position + samples.byteLength / (2 * this.#options.format.channels);
    return this.#run.write(samples, position);
  }

  gap(from: number, to: number): void {
    this.#position = to;
    this.#run.gap(from, to);
  }

  end(): Promise<void> {
    this.#ended = true;
    return this.#run.end();
  }

  async dispose(): Promise<void> {
    await this.#run.dispose();
    this.#leave();
  }

  #takeOver(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#place.onFailure();
    void this.#run.dispose().then(() => this.#leave());
    // A fallback that begins after the end would have nothing to hear.
    const then = this.#ended ? "Its last words may be missing." : `${this.#fallback.name} listens from here on.`;
    const options = { ...this.#options, startPosition: this.#position };
    this.#run = openFallback(this.#fallback, options, `${error.message} ${then}`);
  }

  #leave(): void {
    if (this.#holdsPlace) this.#place.onLeave();
    this.#holdsPlace = false;
  }
}
