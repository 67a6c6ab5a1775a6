import { attempt } from "../../internal/attempt.js";
import { deferred } from "../../internal/deferred.js";
import type { Scope } from "../../internal/scope.js";

export interface SessionLockOptions {
  readonly sessionId: string;
  /** Takes the lock from whoever holds it. */
  readonly takeover: boolean;
  /** Released with the scope. */
  readonly scope: Scope;
  /** Another tab has taken the lock. */
  onStolen(): void;
}

/** Locks that this page has let go of, by session id, until the browser has taken note: the next start waits for that. */
const leaving = new Map<string, Promise<unknown>>();

/**
 * Keeps a second tab of this origin from opening the same session by accident, before the server is even asked.
 * @returns whether this tab may go on; `true` where the browser has no locks, `false` once the scope has ended.
 */
export async function lockSession({ sessionId, takeover, scope, onStolen }: SessionLockOptions): Promise<boolean> {
  if (typeof navigator === "undefined" || !navigator.locks) return true;
  await leaving.get(sessionId);
  if (scope.disposed) return false;
  const released = deferred<void>();
  const granted = deferred<boolean>();
  const held = (lock: Lock | null): Promise<void> | undefined => {
    granted.resolve(lock !== null);
    return lock === null ? undefined : released.promise;
  };
  const how = takeover ? { steal: true } : { ifAvailable: true };
  const request = attempt(() => navigator.locks.request(`loquilex:${sessionId}`, how, held));
  const over = request.catch((error: unknown) => {
    const stolen = error instanceof DOMException && error.name === "AbortError";
    // A page that may not use locks, such as one in a sandboxed frame, goes on without.
    granted.resolve(true);
    if (stolen && !scope.disposed) onStolen();
  });
  const registration = scope.defer("session lock", () => {
    leaving.set(sessionId, over);
    released.resolve();
  });
  void over.then(() => {
    // A browser that has answered without a word about the lock has none to give.
    granted.resolve(true);
    registration.release();
    if (leaving.get(sessionId) === over) leaving.delete(sessionId);
  });
  return granted.promise;
}
