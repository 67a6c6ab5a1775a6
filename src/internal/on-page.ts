import type { Scope } from "./scope.js";

/**
 * Listens to the page's window and document until the scope ends, also after `document.open()`, which removes every listener.
 * Does nothing where there is no page.
 * @param listen attaches the listeners, to a scope of their own.
 */
export function onPage(scope: Scope, listen: (page: Scope) => void): void {
  if (typeof window === "undefined" || typeof document === "undefined") return;
  let page: Scope | undefined;
  const attach = (): void => {
    void page?.dispose();
    page = scope.child("page");
    listen(page);
  };
  attach();
  // Programs that pretend to be a page outside of browsers seldom have it.
  if (typeof MutationObserver === "undefined") return;
  const opened = new MutationObserver(attach);
  opened.observe(document, { childList: true });
  scope.defer("page", () => opened.disconnect());
}
