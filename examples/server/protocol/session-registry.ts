import { OVERLOADED, type Refusal } from "./opening-judge.js";
import type { ProtocolSession } from "./protocol-session.js";

export interface SessionLimits {
  readonly maxSessions: number;
  /** Sessions of one subject, which is whom a token was issued to. @defaultValue no limit */
  readonly maxSessionsPerSubject?: number | undefined;
  /** Why none can begin at all, if that is so. @defaultValue nothing */
  readonly refuseAll?: (() => Refusal | undefined) | undefined;
}

/** What decides whether a session keeps its place. */
export interface SessionPlace {
  /** Whom the token was issued to, if it says. */
  readonly subject: string | undefined;
  /** When its client went; `undefined` while there is one. */
  readonly detachedAt: number | undefined;
  readonly hasAudio: boolean;
}

const TOO_MANY_OF_SUBJECT: Refusal = {
  ...OVERLOADED,
  error: "too_many_sessions",
  detail: "There are too many sessions with tokens of this subject.",
};

/** All sessions by their names, counted in all and by subject. */
export class SessionRegistry {
  readonly #limits: SessionLimits;
  readonly #sessions = new Map<string, ProtocolSession>();
  readonly #perSubject = new Map<string, number>();

  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  get(sessionId: string): ProtocolSession | undefined {
    return this.#sessions.get(sessionId);
  }

  values(): Iterable<ProtocolSession> {
    return this.#sessions.values();
  }

  add(session: ProtocolSession): void {
    this.#sessions.set(session.key.sessionId, session);
    this.#count(session.place.subject, 1);
  }

  delete(session: ProtocolSession): void {
    if (this.#sessions.delete(session.key.sessionId)) this.#count(session.place.subject, -1);
  }

  /**
   * Makes room for another session. If there is none, one has to go whose client is gone, and of those one that has no audio
   * first, because its client loses nothing: so nobody can keep others out by coming and going.
   * @param end ends a session now. @returns why there is no room nevertheless.
   */
  makeRoom(subject: string | undefined, end: (session: ProtocolSession) => void): Refusal | undefined {
    const refusal = this.#limits.refuseAll?.();
    if (refusal !== undefined) return refusal;
    if (this.#refuse(subject) === undefined) return undefined;
    const dispensable = this.#findDispensable(this.#isFullFor(subject) ? subject : undefined);
    if (dispensable !== undefined) end(dispensable);
    return this.#refuse(subject);
  }

  #refuse(subject: string | undefined): Refusal | undefined {
    if (this.#isFullFor(subject)) return TOO_MANY_OF_SUBJECT;
    return this.#sessions.size >= this.#limits.maxSessions ? OVERLOADED : undefined;
  }

  /** @param subject whose session it has to be. @defaultValue anybody's */
  #findDispensable(subject: string | undefined): ProtocolSession | undefined {
    let found: ProtocolSession | undefined;
    for (const session of this.#sessions.values()) {
      const { place } = session;
      if (place.detachedAt === undefined || (subject !== undefined && place.subject !== subject)) continue;
      if (found === undefined || isMoreDispensable(place, found.place)) found = session;
    }
    return found;
  }

  #isFullFor(subject: string | undefined): boolean {
    const most = this.#limits.maxSessionsPerSubject ?? Number.POSITIVE_INFINITY;
    return subject !== undefined && (this.#perSubject.get(subject) ?? 0) >= most;
  }

  #count(subject: string | undefined, by: 1 | -1): void {
    if (subject === undefined) return;
    const count = (this.#perSubject.get(subject) ?? 0) + by;
    if (count === 0) this.#perSubject.delete(subject);
    else this.#perSubject.set(subject, count);
  }
}

function isMoreDispensable(a: SessionPlace, b: SessionPlace): boolean {
  if (a.hasAudio !== b.hasAudio) return b.hasAudio;
  return (a.detachedAt ?? 0) < (b.detachedAt ?? 0);
}
