import type { Clock } from "loquilex/resources";
import type { Log } from "../logging/log.js";
import { type Engine, type EngineOpenOptions, EngineRefusal, type EngineRun } from "./engine.js";

/** How long an engine that has lost its place may take for its last words. */
const LAST_WORDS_MS = 4_000;
/** How often a stream that waits is told how long the queue is, and others are looked at. */
const TELL_MS = 1_000;

export interface RosteredRunOptions {
  /** Whose stream it is. */
  readonly owner: string;
  readonly options: EngineOpenOptions;
  readonly preferred: Engine;
  readonly fallback: Engine;
  readonly maxRuns: number;
  readonly clock: Clock;
  readonly logger: Log;
  /** It has sound and no place, though it may get one: a place is given inside the call or later. */
  onSound(run: RosteredRun): void;
  /** The preferred engine failed in the middle of its run. */
  onFailure(): void;
  /** It needs no place any more. */
  onLeave(run: RosteredRun): void;
  /** Its place in the queue, from 1, if it waits. */
  placeOf(run: RosteredRun): number | undefined;
}

/** One stream: the preferred engine listens to it while it has a place, and the fallback otherwise. */
export class RosteredRun implements EngineRun {
  readonly owner: string;
  readonly #settings: RosteredRunOptions;
  /** `undefined` before the first sound, and after the place was given away. */
  #run: EngineRun | undefined;
  /** Engines that say their last words. */
  readonly #leaving = new Map<EngineRun, Promise<void>>();
  #position: number;
  #heardAt = Number.NEGATIVE_INFINITY;
  #toldAt = Number.NEGATIVE_INFINITY;
  #toldPlace: number | undefined;
  /** Whether it could use a place: not once the preferred engine has failed or has refused it. */
  #isWaiting = true;
  #ended = false;
  #disposed = false;

  constructor(settings: RosteredRunOptions) {
    this.owner = settings.owner;
    this.#settings = settings;
    this.#position = settings.options.startPosition;
  }

  /** When the last sound came, on the clock. */
  get heardAt(): number {
    return this.#heardAt;
  }

  write(samples: Uint8Array, position: number): Promise<void> | undefined {
    const now = this.#settings.clock.now();
    this.#heardAt = now;
    if (this.#run === undefined) this.#position = position;
    if (this.#isWaiting && now - this.#toldAt >= TELL_MS) {
      this.#toldAt = now;
      this.#settings.onSound(this);
      if (this.#isWaiting) this.#tellPlace();
    }
    this.#run ??= this.#openFallback("");
    this.#position = position + samples.byteLength / (2 * this.#settings.options.format.channels);
    return this.#run.write(samples, position);
  }

  gap(from: number, to: number): void {
    this.#position = to;
    this.#run?.gap(from, to);
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#isWaiting = false;
    this.#heardAt = Number.NEGATIVE_INFINITY;
    await this.#run?.end();
    await Promise.all(this.#leaving.values());
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#isWaiting = false;
    await Promise.all([this.#run, ...this.#leaving.keys()].map((run) => run?.dispose()));
    this.#settings.onLeave(this);
  }

  /** The preferred engine listens from here on. @returns whether it does. */
  takePlace(): boolean {
    const { preferred, fallback, options, logger } = this.#settings;
    this.#isWaiting = false;
    this.#toldPlace = undefined;
    const before = this.#run;
    try {
      this.#run = this.#openPreferred();
      if (before !== undefined) void this.#letLeave(before);
      return true;
    } catch (error) {
      const refused = error instanceof EngineRefusal;
      if (!refused) logger.warn({ engine: preferred.name, err: error }, "An engine did not start.");
      const why = `${refused ? error.message : `The engine ${preferred.name} did not start.`} ${fallback.name} listens instead.`;
      if (before === undefined) this.#run = this.#openFallback(why);
      else options.onStatus({ engine: fallback.name, words: false, detail: why });
      return false;
    }
  }

  /** Somebody else needs the place more. The next sound asks for one again. Resolves when the place is free. */
  async yieldPlace(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    this.#isWaiting = !this.#ended;
    this.#toldAt = Number.NEGATIVE_INFINITY;
    if (run !== undefined) await this.#letLeave(run);
  }

  #openPreferred(): EngineRun {
    const { preferred, options } = this.#settings;
    let opened: EngineRun | undefined;
    opened = preferred.open({
      ...options,
      startPosition: this.#position,
      onError: (error) => {
        if (this.#disposed || opened === undefined || this.#run !== opened) return;
        this.#takeOver(opened, error);
      },
    });
    return opened;
  }

  #openFallback(why: string): EngineRun {
    const { fallback, options } = this.#settings;
    return fallback.open({
      ...options,
      startPosition: this.#position,
      onStatus: (status) => options.onStatus({ ...status, detail: `${why} ${status.detail}`.trim(), ...this.#place }),
    });
  }

  #takeOver(failed: EngineRun, error: Error): void {
    const { fallback, onFailure, onLeave } = this.#settings;
    onFailure();
    void failed.dispose().then(() => onLeave(this));
    // A fallback that begins after the end would have nothing to hear.
    const then = this.#ended ? "Its last words may be missing." : `${fallback.name} listens from here on.`;
    this.#run = this.#openFallback(`${error.message} ${then}`);
  }

  /** Its words are still wanted, for a while. */
  #letLeave(run: EngineRun): Promise<void> {
    const leaving = this.#endInTime(run).finally(() => this.#leaving.delete(run));
    this.#leaving.set(run, leaving);
    return leaving;
  }

  async #endInTime(run: EngineRun): Promise<void> {
    const cancel = this.#settings.clock.schedule(LAST_WORDS_MS, () => void run.dispose());
    await run.end().catch(() => {});
    cancel();
    await run.dispose();
  }

  #tellPlace(): void {
    const { preferred, fallback, maxRuns, options, placeOf } = this.#settings;
    const place = placeOf(this);
    if (place === this.#toldPlace && this.#run !== undefined) return;
    this.#toldPlace = place;
    const line = place === undefined ? "instead" : `until it has one; it is number ${place} in the queue`;
    const detail = `All ${maxRuns} places of the engine ${preferred.name} are taken, so ${fallback.name} listens to this stream ${line}.`;
    if (this.#run === undefined) this.#run = this.#openFallback(detail);
    else options.onStatus({ engine: fallback.name, words: false, detail, ...this.#place });
  }

  get #place(): { readonly place?: number } {
    return this.#toldPlace === undefined ? {} : { place: this.#toldPlace };
  }
}
