/** What one owner started, ended in reverse order, each step whatever became of the others. */
export class Belongings implements AsyncDisposable {
  readonly #ends: (() => unknown)[] = [];

  /** Takes over, and returns, what can be disposed. */
  use<T extends AsyncDisposable>(resource: T): T {
    this.#ends.push(() => resource[Symbol.asyncDispose]());
    return resource;
  }

  defer(end: () => unknown): void {
    this.#ends.push(end);
  }

  /** @throws the first error, after everything was ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  /** Runs `make`, and ends everything when it fails. */
  async unlessItFails<T>(make: () => Promise<T>): Promise<T> {
    try {
      return await make();
    } catch (error) {
      // The failure that began it is the one to tell.
      await this[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
  }
}
