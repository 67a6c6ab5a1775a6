/** What the browser says of the microphone's permission, without prompting; `undefined` where it does not say. */
export async function microphonePermission(): Promise<PermissionStatus | undefined> {
  try {
    return await navigator.permissions.query({ name: "microphone" as PermissionName });
  } catch {
    // Browsers without this query throw, in more than one way.
    return undefined;
  }
}
