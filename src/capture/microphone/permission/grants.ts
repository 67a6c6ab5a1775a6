import type { Scope } from "../../../internal/scope.js";

/** Some browsers say `"prompt"` all along, and report no change when they have given the microphone. */
const grants = /* @__PURE__ */ new EventTarget();

/** The browser has given this page a microphone. */
export function noteGrant(): void {
  grants.dispatchEvent(new Event("grant"));
}

/** Calls back whenever the browser has given this page a microphone, until the scope ends. */
export function onGrant(scope: Scope, callback: () => void): void {
  scope.listen(grants, "grant", callback);
}
