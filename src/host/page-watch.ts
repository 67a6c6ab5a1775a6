import type { Scope } from "../internal/scope.js";

/**
 * Calls back when the page or the network comes back, after which a connection may be dead without knowing it. Does
 * nothing where there is no page.
 */
export function watchPage(scope: Scope, onReturn: () => void): void {
  if (typeof window === "undefined" || typeof document === "undefined") return;
  scope.listen(window, "online", onReturn);
  scope.listen(window, "pageshow", (event: PageTransitionEvent) => event.persisted && onReturn());
  scope.listen(document, "visibilitychange", () => document.visibilityState === "visible" && onReturn());
  scope.listen(document, "resume", onReturn);
}
