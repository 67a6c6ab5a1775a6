import type { ServerTerms } from "./server-terms.js";

/** How long the last words of a session may take. */
const LAST_WORDS_MS = 30_000;

type LifetimeTerms = Pick<ServerTerms, "resumeTtlMs" | "idleMs" | "sessionMs">;

/** Why a session ends that its client keeps without audio. */
export const IDLE = "The session had no audio for as long as the server allows.";
/** Why a session ends that is full. */
export const FULL = "The session is as long as the server allows; it goes on in another one.";

/**
 * How long a session waits for a client that is gone, may be without audio, and may last. Time in which this process did
 * not run counts for none of them.
 */
export class SessionLifetime {
  readonly #terms: LifetimeTerms;
  #detachedAt: number | undefined;
  #audioAt: number;
  /** When the session is to make way for the one that goes on for it. */
  #fullAt: number;
  /** When the last words are to be said. */
  #endsBy: number | undefined;

  constructor(terms: LifetimeTerms, now: number) {
    this.#terms = terms;
    this.#audioAt = now;
    this.#fullAt = now + (terms.sessionMs ?? Number.POSITIVE_INFINITY);
  }

  /** When its client went; `undefined` while there is one. */
  get detachedAt(): number | undefined {
    return this.#detachedAt;
  }

  attached(): void {
    this.#detachedAt = undefined;
  }

  detached(now: number): void {
    this.#detachedAt = now;
  }

  heardAudio(now: number): void {
    this.#audioAt = now;
  }

  /** No more audio comes: nothing is left to wait for but the last words. */
  end(now: number): void {
    this.#endsBy = now + LAST_WORDS_MS;
  }

  /** What had ended goes on. */
  goOn(): void {
    this.#endsBy = undefined;
  }

  get isEnding(): boolean {
    return this.#endsBy !== undefined;
  }

  wake(now: number, sleptMs: number): void {
    if (this.#detachedAt !== undefined) this.#detachedAt = now;
    if (this.#endsBy !== undefined) this.#endsBy += sleptMs;
    this.#audioAt = now;
    this.#fullAt += sleptMs;
  }

  /** When nobody waits for its client any more; `undefined` while it has one. */
  get expiresAt(): number | undefined {
    return this.#detachedAt === undefined ? undefined : this.#detachedAt + this.#terms.resumeTtlMs;
  }

  /**
   * When the session is free for another client at the latest, if nothing is heard of its own.
   * @param patienceMs how long its connection may still be silent; `undefined` while it is heard.
   */
  freeInMs(now: number, patienceMs: number | undefined): number | undefined {
    if (this.expiresAt !== undefined) return Math.max(0, this.expiresAt - now);
    return patienceMs === undefined ? undefined : patienceMs + this.#terms.resumeTtlMs;
  }

  get #idleAt(): number {
    return this.#audioAt + (this.#terms.idleMs ?? Number.POSITIVE_INFINITY);
  }

  hasExpired(now: number): boolean {
    return this.expiresAt !== undefined && now >= this.expiresAt;
  }

  isIdle(now: number): boolean {
    return this.#isOpen && now >= this.#idleAt;
  }

  isFull(now: number): boolean {
    return this.#isOpen && now >= this.#fullAt;
  }

  /** The last words have taken too long. */
  isOverdue(now: number): boolean {
    return this.#endsBy !== undefined && this.#detachedAt === undefined && now >= this.#endsBy;
  }

  /** When one of these will be so, if nothing happens. */
  get wakeAt(): number {
    return this.expiresAt ?? (this.isEnding ? Number.POSITIVE_INFINITY : Math.min(this.#idleAt, this.#fullAt));
  }

  /** Whether audio may come. A session without its client has only one limit. */
  get #isOpen(): boolean {
    return this.#endsBy === undefined && this.#detachedAt === undefined;
  }
}
