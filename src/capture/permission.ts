import type { Scope } from "../internal/scope.js";
import { within } from "../internal/within.js";

/** How long a browser may take to say what the permission is, in milliseconds. */
const QUERY_TIMEOUT_MS = 1_000;

/** What the browser says of the microphone's permission, without prompting; `undefined` if it does not say. */
export async function microphonePermission(): Promise<PermissionStatus | undefined> {
  try {
    return await navigator.permissions.query({ name: "microphone" as PermissionName });
  } catch {
    // Browsers without this query throw, in more than one way.
    return undefined;
  }
}

/** As {@link microphonePermission}, but a browser that does not answer in time, or a scope that ends, gives `undefined`. */
export async function permissionWithin(scope: Scope): Promise<PermissionStatus | undefined> {
  try {
    return await within(scope, QUERY_TIMEOUT_MS, microphonePermission(), undefined);
  } catch {
    return undefined;
  }
}
