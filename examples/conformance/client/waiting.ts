/** Lets whoever waits for what others tell look again after each change. */
export class Waiting {
  readonly #checks = new Set<() => void>();
  readonly #rejects = new Set<(reason: unknown) => void>();
  #failure: { readonly reason: unknown } | undefined;

  /** Something may have changed: whoever waits looks again. */
  changed(): void {
    for (const check of Array.from(this.#checks)) check();
  }

  /** Nothing more will change, so that all waiting is in vain. */
  fail(reason: unknown): void {
    this.#failure = { reason };
    for (const reject of Array.from(this.#rejects)) reject(reason);
    this.#rejects.clear();
    this.#checks.clear();
  }

  /** Resolves as soon as the condition holds. @throws the reason once it no longer can. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!condition()) return;
        this.#checks.delete(check);
        this.#rejects.delete(reject);
        resolve();
      };
      this.#checks.add(check);
      this.#rejects.add(reject);
      check();
      if (this.#failure !== undefined && this.#rejects.delete(reject)) {
        this.#checks.delete(check);
        reject(this.#failure.reason);
      }
    });
  }
}
