import { onPage } from "../internal/on-page.js";
import type { Scope } from "../internal/scope.js";

export interface PageReactions {
  /** The page or the network came back, after which a connection may be dead without knowing it. */
  onReturn(): void;
  /** The page is put into the back/forward cache or frozen, where it cannot hold a connection. */
  onLeave(): void;
}

/** Follows the page's life. Does nothing where there is no page. */
export function watchPage(scope: Scope, { onReturn, onLeave }: PageReactions): void {
  onPage(scope, (page) => {
    page.listen(window, "online", onReturn);
    page.listen(window, "pageshow", (event: PageTransitionEvent) => event.persisted && onReturn());
    page.listen(window, "pagehide", (event: PageTransitionEvent) => event.persisted && onLeave());
    page.listen(document, "visibilitychange", () => document.visibilityState === "visible" && onReturn());
    page.listen(document, "freeze", onLeave);
    page.listen(document, "resume", onReturn);
  });
}

/** Calls back when the page is going away for good: what is not released inside this call never will be. */
export function onPageGone(scope: Scope, callback: () => void): void {
  onPage(scope, (page) => {
    page.listen(window, "pagehide", (event: PageTransitionEvent) => !event.persisted && callback());
  });
}
