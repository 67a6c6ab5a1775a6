import type { AudioCapture, SourceOpenOptions } from "../../capture/source.js";
import { attempt } from "../../internal/attempt.js";
import { type Deferred, deferred } from "../../internal/deferred.js";
import type { Registration, Scope } from "../../internal/scope.js";

/** What a {@link SourceOpening} is made with. */
export interface OpeningParts {
  /** What the source acquires; its disposal ends the opening. */
  readonly scope: Scope;
  /** Prepares what the source's audio needs. */
  prepare(scope: Scope): Promise<void>;
  onOpen(capture: AudioCapture): void;
  onFailed(error: unknown): void;
  /** Nobody wants the source any more, and all of it is released. */
  onCancelled(): void;
}

/** One attempt to open the source, for as long as somebody waits for it. */
export class SourceOpening {
  readonly #parts: OpeningParts;
  readonly #waits = new Map<Deferred<void>, Registration>();
  #outcome: Promise<void> | undefined;

  constructor(parts: OpeningParts) {
    this.#parts = parts;
  }

  /** Opens the source, inside the call, since the person's gesture counts there. To be called once. */
  begin(open: (options: Pick<SourceOpenOptions, "signal" | "scope">) => Promise<AudioCapture>): void {
    const { scope, onOpen, onFailed } = this.#parts;
    this.#open(open).then(
      (capture) => {
        if (scope.disposed) return;
        this.#outcome = Promise.resolve();
        onOpen(capture);
        this.#settle((wait) => wait.resolve());
      },
      (error: unknown) => {
        if (scope.disposed) return;
        this.#outcome = Promise.reject(error);
        this.#outcome.catch(() => {});
        onFailed(error);
        this.#settle((wait) => wait.reject(error));
      },
    );
  }

  /** Resolves when the source is open. When the last one who waits is aborted, the source is given back inside the abort. */
  wait(signal: AbortSignal | undefined): Promise<void> {
    if (this.#outcome !== undefined) return this.#outcome;
    const wait = deferred<void>();
    const { scope, onCancelled } = this.#parts;
    const following = scope.follow(signal, (reason) => {
      this.#waits.delete(wait);
      wait.reject(reason);
      if (this.#waits.size > 0 || this.#outcome !== undefined || scope.disposed) return;
      void scope.dispose(reason);
      onCancelled();
    });
    if (!signal?.aborted) this.#waits.set(wait, following);
    return wait.promise;
  }

  async #open(
    open: (options: Pick<SourceOpenOptions, "signal" | "scope">) => Promise<AudioCapture>,
  ): Promise<AudioCapture> {
    const { scope, prepare } = this.#parts;
    const { signal } = scope;
    signal.throwIfAborted();
    const opening = attempt(() => open({ signal, scope })).then(checkCapture);
    // A custom source may ignore the signal; what it opens too late is stopped.
    opening.then(
      (late) => signal.aborted && scope.defer("late capture", () => late.stop()),
      () => {},
    );
    const [capture] = await Promise.all([opening, prepare(scope)]);
    signal.throwIfAborted();
    return capture;
  }

  #settle(settle: (wait: Deferred<void>) => void): void {
    for (const [wait, following] of this.#waits) {
      following.dispose();
      settle(wait);
    }
    this.#waits.clear();
  }
}

const CALLS = ["pause", "resume", "flush", "stop"] as const;

function checkCapture(capture: AudioCapture): AudioCapture {
  const missing = CALLS.filter((call) => typeof capture?.[call] !== "function");
  if (missing.length === 0) return capture;
  throw new TypeError(`open() must resolve with a capture, and what it resolved with has no ${missing.join(", ")}.`);
}
