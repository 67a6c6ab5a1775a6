/** Resolves waiters when what they wait for has come. */
export class Waiting {
  readonly #checks = new Set<() => void>();

  changed(): void {
    for (const check of Array.from(this.#checks)) check();
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        this.#checks.delete(check);
        resolve();
      };
      this.#checks.add(check);
      check();
    });
  }
}
