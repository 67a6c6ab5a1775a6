/**
 * The secrets a client may resume with. Each attach issues a new one; since its answer can be lost, the older ones stay
 * good until the client has shown that it has a newer one.
 */
export class ResumeSecrets {
  readonly #create: () => string;
  readonly #equal: (a: string, b: string) => boolean;
  #valid: string[];

  /** @param valid secrets that are good already, oldest first. */
  constructor(create: () => string, equal: (a: string, b: string) => boolean, valid: readonly string[] = []) {
    this.#valid = [...valid];
    this.#create = create;
    this.#equal = equal;
  }

  /** @param secret one that was made already. */
  issue(secret = this.#create()): string {
    this.#valid.push(secret);
    // Many lost answers in a row must not grow the list; the oldest, which the client has proved, stays.
    if (this.#valid.length > 16) this.#valid.splice(1, 1);
    return secret;
  }

  /** Those that are good, oldest first. */
  get all(): readonly string[] {
    return this.#valid;
  }

  isGood(secret: string | undefined): boolean {
    return this.#indexOf(secret) >= 0;
  }

  /** The client has this one, so all older ones are void. A wrong one changes nothing. */
  use(secret: string | undefined): void {
    this.#valid.splice(0, Math.max(0, this.#indexOf(secret)));
  }

  /** The client has the newest one, so all older ones are void. */
  keepNewest(): void {
    this.#valid.splice(0, this.#valid.length - 1);
  }

  #indexOf(secret: string | undefined): number {
    return secret === undefined ? -1 : this.#valid.findIndex((valid) => this.#equal(valid, secret));
  }
}
