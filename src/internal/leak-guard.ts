/** Called when the object is gone. Made on first use, because importing this does nothing. */
let registry: FinalizationRegistry<LeakGuard> | undefined;

/**
 * Notices that an object was forgotten while what it started still runs. It works only if nothing that runs refers to the
 * object strongly; whoever waits for one of its calls has not forgotten it, which {@link LeakGuard.hold} sees to.
 */
export class LeakGuard {
  readonly #onForgotten: () => void;
  readonly #waits = new Set<object>();

  /** @param onForgotten must not refer to the object. */
  constructor(onForgotten: () => void) {
    this.#onForgotten = onForgotten;
  }

  watch(object: object): void {
    registry ??= new FinalizationRegistry((guard) => guard.#onForgotten());
    registry.register(object, this, this);
  }

  /** Nothing runs any more. */
  release(): void {
    registry?.unregister(this);
    this.#waits.clear();
  }

  /** Keeps the object alive until the promise settles, and returns the promise. */
  hold<T>(object: object, until: Promise<T>): Promise<T> {
    const wait = { object };
    const done = () => this.#waits.delete(wait);
    this.#waits.add(wait);
    until.then(done, done);
    return until;
  }
}
