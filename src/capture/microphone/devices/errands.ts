import type { Scope } from "../../../internal/scope.js";

/** Something to be done in the background, in a scope that owns the track until it is in use. */
export type Errand = (job: Scope) => Promise<void>;

/** Runs one errand at a time, which can be called off. */
export class Errands {
  #isBusy = false;
  /** Owns what is being acquired. */
  #job: Scope | undefined;

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** @param onFailed called when the errand fails, unless it was called off. */
  async run(job: Scope, errand: Errand, onFailed: (error: unknown) => void): Promise<void> {
    this.#isBusy = true;
    this.#job = job;
    try {
      await errand(job);
    } catch (error) {
      if (!job.disposed) onFailed(error);
    }
    this.#isBusy = false;
    this.#job = undefined;
  }

  /** What was acquired is in use: it is not called off any more. */
  acquired(): void {
    this.#job = undefined;
  }

  /** Calls off what is being acquired, which may wait for a person at a prompt. */
  callOff(): void {
    void this.#job?.dispose(new DOMException("The microphone is not asked for any more.", "AbortError"));
    this.#job = undefined;
  }
}
