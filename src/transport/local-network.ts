/** How near to the person a host is. A browser with Local Network Access asks before a page reaches what is nearer than itself. */
export const LOOPBACK = 2;
export const LOCAL = 1;
const ANYWHERE = 0;

const IS_LOOPBACK = /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/;
/** Private, link-local and shared IPv4 addresses, unique local and link-local IPv6, names by multicast, names without a dot. */
const IS_LOCAL =
  /^(?:(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))(?:\.\d+){2,3}|\[f(?:[cd]|e[89ab]).*\]|.+\.local|[^.[]+)$/;

/** By its address or its name alone: where other names lead, a page cannot know. */
export function nearnessOf(host: string): number {
  if (IS_LOOPBACK.test(host)) return LOOPBACK;
  return IS_LOCAL.test(host) ? LOCAL : ANYWHERE;
}

/** The page that runs this, or that has started the worker that does; `undefined` outside of browsers. */
export interface PageOrigin {
  readonly protocol: string;
  readonly hostname: string;
  readonly isSecure: boolean;
}

export function pageOrigin(): PageOrigin | undefined {
  const { origin, isSecureContext: isSecure } = globalThis as Partial<typeof globalThis>;
  if (origin === undefined || isSecure === undefined || !/^https?:/.test(origin)) return undefined;
  const { protocol, hostname } = new URL(origin);
  return { protocol, hostname, isSecure };
}

/**
 * Why the browser keeps this page from a host, as far as a page can know: Chromium says so in a permission, and nowhere else.
 * @returns whether that is certain or depends on where the host's name leads; `undefined` if it is not what is in the way.
 * @see https://wicg.github.io/local-network-access/
 */
export async function isKeptFrom(host: string, page: PageOrigin): Promise<"surely" | "perhaps" | undefined> {
  const near = nearnessOf(host);
  const from = nearnessOf(page.hostname);
  if (from === LOOPBACK || (near !== ANYWHERE && near <= from)) return undefined;
  const state =
    (await permissionState(near === LOOPBACK ? "loopback-network" : "local-network")) ??
    // The one name for both in earlier versions.
    (await permissionState("local-network-access"));
  if (state !== "denied") return undefined;
  if (near !== ANYWHERE) return "surely";
  // A page that is not secure may never ask, so that its answer says nothing of this name.
  return page.isSecure ? "perhaps" : undefined;
}

async function permissionState(name: string): Promise<PermissionState | undefined> {
  try {
    return (await navigator.permissions.query({ name: name as PermissionName })).state;
  } catch {
    // Who does not know the name does not ask before either.
    return undefined;
  }
}
