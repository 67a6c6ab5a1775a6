import type { Scope } from "../../../internal/scope.js";
import { within } from "../../../internal/within.js";

/** How long a browser may take to say what the permission is, in milliseconds. */
const QUERY_TIMEOUT_MS = 1_000;

/**
 * What the browser says of the microphone's permission, without prompting; `undefined` if it does not say, or not in time,
 * and once the scope has ended.
 */
export async function permissionWithin(scope: Scope): Promise<PermissionStatus | undefined> {
  try {
    const answer = navigator.permissions.query({ name: "microphone" as PermissionName });
    return await within(scope, QUERY_TIMEOUT_MS, answer, undefined);
  } catch {
    // Browsers without this query throw, in more than one way.
    return undefined;
  }
}

/**
 * Calls back with the state whenever it is another, until the scope ends. Where a shim takes the place of the browser's
 * object by a plain one, nobody is told of changes.
 */
export function onPermissionChange(
  scope: Scope,
  status: PermissionStatus,
  callback: (state: PermissionState) => void,
): void {
  if (typeof status.addEventListener === "function") scope.listen(status, "change", () => callback(status.state));
}
