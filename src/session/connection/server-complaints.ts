import type { ServerData } from "../../protocol/messages.js";

/** What the server said about itself in a `server.error`. */
export interface ServerComplaint {
  readonly code: string;
  readonly detail: string;
}

/** A complaint that is followed by a close is the close's reason; one that is not is a warning of its own. */
const COMPLAINT_DELAY_MS = 1_000;
/** A close so long after a wish for a delay still belongs to it, however short the delay was. */
const BELONGS_MS = 10_000;

/** What the server has complained about on one connection, and when it wants its client back. */
export class ServerComplaints {
  #latest: ServerComplaint | undefined;
  #warningDueAt: number | undefined;
  #retry: { readonly afterMs: number; readonly dueAt: number; readonly validUntil: number } | undefined;

  add({ code, detail = "", retry_after_ms }: ServerData["server.error"], now: number): void {
    this.#latest = { code, detail };
    this.#warningDueAt = now + COMPLAINT_DELAY_MS;
    if (retry_after_ms === undefined) return;
    const afterMs = Math.max(retry_after_ms, this.retryAfterMs(now) ?? 0);
    const dueAt = Math.max(now + retry_after_ms, this.#retry?.dueAt ?? 0);
    this.#retry = { afterMs, dueAt, validUntil: now + Math.max(afterMs, BELONGS_MS) };
  }

  /** The one that no warning has told yet. */
  get latest(): ServerComplaint | undefined {
    return this.#latest;
  }

  /** How long the server wants its client to stay away; `undefined` if it did not say so, or so long ago that it is over. */
  retryAfterMs(now: number): number | undefined {
    return this.#retry === undefined || now > this.#retry.validUntil ? undefined : this.#retry.afterMs;
  }

  /** What is left of that time, counted from when the server said it; `undefined` if nothing is. */
  leftMs(now: number): number | undefined {
    return this.#retry === undefined || now >= this.#retry.dueAt ? undefined : this.#retry.dueAt - now;
  }

  /** When a complaint that no close has followed becomes a warning. */
  get warningDueAt(): number | undefined {
    return this.#warningDueAt;
  }

  /** @returns the complaint that has become a warning, once. */
  takeWarning(now: number): ServerComplaint | undefined {
    if (this.#warningDueAt === undefined || now < this.#warningDueAt) return undefined;
    this.#warningDueAt = undefined;
    const complaint = this.#latest;
    this.#latest = undefined;
    return complaint;
  }

  /** The connection is gone: nothing more becomes a warning. */
  stop(): void {
    this.#warningDueAt = undefined;
  }
}
