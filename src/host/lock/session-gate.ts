import type { AudioStreamError } from "../../errors.js";
import { deferred } from "../../internal/deferred.js";
import type { Scope } from "../../internal/scope.js";
import { sessionInUse, sessionLockTimeout, sessionSuperseded } from "../../session/session-errors.js";
import type { SessionOptions } from "../../session/session-options.js";
import { lockSession } from "./session-lock.js";

/** How long a browser may take to say whether another tab holds the session. */
const LOCK_TIMEOUT_MS = 2_000;

export interface SessionGateParts {
  readonly session: Pick<SessionOptions, "sessionId" | "takeover">;
  /** Whether no other tab of this origin may hold the session; of no use for an id that nobody else knows. */
  readonly exclusive: boolean;
  readonly scope: Scope;
  /** The session may connect. */
  onOpen(): void;
  onWarning(error: AudioStreamError): void;
  /** Another tab holds the session, or has taken it. */
  onFailed(error: AudioStreamError): void;
}

/** Lets a session connect once no other tab of this origin holds it. */
export class SessionGate {
  readonly #parts: SessionGateParts;
  readonly #overtaken = deferred<"late">();
  #begun = false;

  constructor(parts: SessionGateParts) {
    this.#parts = parts;
  }

  open(): void {
    void this.#open();
  }

  /** Opens, and asks the browser no longer than this. The server asks the same of everybody. */
  openWithin(timeoutMs: number): void {
    this.#overtakeAfter(timeoutMs);
    this.open();
  }

  async #open(): Promise<void> {
    if (this.#begun || this.#parts.scope.disposed) return;
    this.#begun = true;
    const { exclusive, onOpen, onFailed } = this.#parts;
    if (!exclusive || (await this.#lock())) onOpen();
    else onFailed(sessionInUse());
  }

  async #lock(): Promise<boolean> {
    const { scope, session, onWarning, onFailed } = this.#parts;
    const onStolen = () => onFailed(sessionSuperseded());
    const timer = this.#overtakeAfter(LOCK_TIMEOUT_MS);
    const free = await Promise.race([lockSession({ ...session, scope, onStolen }), this.#overtaken.promise]);
    timer.dispose();
    if (free === "late" && !scope.disposed) onWarning(sessionLockTimeout());
    return free !== false;
  }

  #overtakeAfter(ms: number) {
    return this.#parts.scope.timeout(ms, () => this.#overtaken.resolve("late"), "session lock timeout");
  }
}
