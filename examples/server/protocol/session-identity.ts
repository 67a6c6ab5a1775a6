import type { StoredSession } from "./claim.js";
import type { HeldSession } from "./opening-judge.js";
import type { Opening } from "./protocol-io.js";
import type { ResumeSecrets } from "./resume-secrets.js";

export interface SessionIdentityOptions {
  readonly clientId: string;
  /** Whom the token was issued to, if it says. */
  readonly subject?: string | undefined;
  readonly epoch: number;
  readonly secrets: ResumeSecrets;
  /** What another node has left of the session. */
  readonly taken?: Pick<StoredSession, "generation" | "confirmed"> | undefined;
}

/** Whose a session is, and which of its client's connections is the latest. */
export class SessionIdentity {
  readonly #options: SessionIdentityOptions;
  /** Number of the client's connection that was attached last; older ones are echoes. */
  #attempt = 0;
  #generation: number;
  /** The client has shown that it got an answer. */
  #confirmed: boolean;
  /** It has shown that on the connection that is attached, and so has the secret that the connection brought. */
  #hasNewest = false;

  constructor(options: SessionIdentityOptions) {
    this.#options = options;
    this.#generation = options.taken?.generation ?? 0;
    this.#confirmed = options.taken?.confirmed ?? false;
  }

  get subject(): string | undefined {
    return this.#options.subject;
  }

  /** What decides about another opening. */
  held({ lastSeq, freeInMs }: Pick<HeldSession, "lastSeq" | "freeInMs">): HeldSession {
    const { clientId, epoch, secrets } = this.#options;
    return {
      ...{ clientId, epoch, lastSeq, freeInMs },
      attempt: this.#attempt,
      confirmed: this.#confirmed,
      isGoodSecret: (secret) => secrets.isGood(secret),
    };
  }

  /** Something came from the client on the connection that is attached. */
  confirm(): void {
    if (this.#hasNewest) return;
    this.#confirmed = true;
    this.#hasNewest = true;
    this.#options.secrets.keepNewest();
  }

  /**
   * @param secret what the client may resume with next. @defaultValue a new one
   * @returns what the client of the next connection is told.
   */
  attach({ kind, data }: Opening, knows: boolean, secret?: string) {
    const { secrets } = this.#options;
    this.#attempt = data.attempt;
    this.#generation += 1;
    this.#hasNewest = false;
    if (kind === "resume" && knows) secrets.use(data.resume_token);
    return { secret: secrets.issue(secret), generation: this.#generation };
  }
}
