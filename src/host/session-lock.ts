import type { Scope } from "../internal/scope.js";

export interface SessionLockOptions {
  readonly sessionId: string;
  /** Takes the lock from whoever holds it. */
  readonly takeover: boolean;
  /** Released with the scope. */
  readonly scope: Scope;
  /** Another tab has taken the lock. */
  onStolen(): void;
}

/**
 * Keeps a second tab of this origin from opening the same session by accident, before the server is even asked.
 * @returns whether this tab may go on; `true` where the browser has no locks.
 */
export async function lockSession({ sessionId, takeover, scope, onStolen }: SessionLockOptions): Promise<boolean> {
  if (typeof navigator === "undefined" || navigator.locks === undefined) return true;
  return new Promise((resolve) => {
    const held = (lock: Lock | null): Promise<void> | undefined => {
      resolve(lock !== null);
      if (lock === null) return undefined;
      return new Promise((release) => {
        scope.defer("session lock", () => release());
      });
    };
    const how = takeover ? { steal: true } : { ifAvailable: true };
    navigator.locks.request(`loquilex:${sessionId}`, how, held).catch((error: unknown) => {
      const stolen = error instanceof DOMException && error.name === "AbortError";
      // A page that may not use locks, such as one in a sandboxed frame, goes on without.
      resolve(true);
      if (stolen && !scope.disposed) onStolen();
    });
  });
}
