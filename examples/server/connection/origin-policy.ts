/** Whom a browser names as the page behind a request. */
export interface PageRequest {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
  /** Address that the request comes from. */
  readonly peer?: string | undefined;
}

/** Whom the settings let in. */
export interface OriginPolicy {
  /** Origins of pages, as {@link normalizeOrigin} spells them. */
  readonly allowedOrigins: readonly string[];
  /** Names of this server, in lower case and without a port. */
  readonly allowedHosts: readonly string[];
}

const LOOPBACK_PAGE = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;
const LOOPBACK_PEER = /^(?:(?:::ffff:)?127(?:\.\d+){3}|::1)$/;
const ADDRESS = /^(?:localhost|\d+(?:\.\d+){3}|\[[\da-f:.]+\])$/;

/**
 * The one spelling of an origin: in lower case, without the default port and without a slash at the end. Origins of any
 * scheme have one, `capacitor://localhost` and `file://` as well; `null` is what sandboxed and local pages have.
 * @returns `undefined` if the text is no origin.
 */
export function normalizeOrigin(text: string): string | undefined {
  const given = text.trim();
  if (given === "null") return given;
  const [, scheme = "", host = ""] = /^([a-z][a-z\d+.-]*:)\/\/([^\s/?#@\\,*]*)\/?$/i.exec(given) ?? [];
  if (scheme === "" || (host === "" && scheme.toLowerCase() !== "file:")) return undefined;
  if (!URL.canParse(given)) return undefined;
  const { origin } = new URL(given);
  // Only the web's own schemes have an origin for the URL parser.
  return origin === "null" ? `${scheme}//${host}`.toLowerCase() : origin;
}

/** The one spelling of a host's name or address. @returns `undefined` if the text is none. */
export function normalizeHost(text: string): string | undefined {
  const host = text.trim().toLowerCase();
  return /^[^\s/?#@\\,*:]+$/.test(host) || ADDRESS.test(host) ? host : undefined;
}

/**
 * Whether a host is an address, or a name that the settings know. Any other name may have been pointed at this server by a
 * foreign page that wants to get round its browser's rules (DNS rebinding); an address cannot be borrowed.
 */
export function isKnownHost(host: string | undefined, { allowedOrigins, allowedHosts }: OriginPolicy): boolean {
  if (host === undefined) return false;
  const name = host.toLowerCase().replace(/:\d+$/, "");
  const isNamed =
    allowedHosts.includes(name) || allowedOrigins.some((origin) => origin.endsWith(`//${host.toLowerCase()}`));
  return isNamed || ADDRESS.test(name);
}

/**
 * Whether a page may connect. Browsers send its origin and cannot forge it, so this keeps foreign pages from using a
 * visitor's access to this server; programs that are no browsers send none and are let through. What proxies add, such as
 * `X-Forwarded-Host`, anybody can send, so it counts for nothing.
 *
 * Let in are the origins of the settings; pages of the loopback interface, if that is where the request comes from; and pages
 * of the same host, if that is known or TLS has shown that the name is this server's.
 */
export function isAllowedOrigin({ origin, host, peer }: PageRequest, policy: OriginPolicy): boolean {
  if (origin === undefined) return true;
  const page = normalizeOrigin(origin);
  if (page === undefined) return false;
  if (policy.allowedOrigins.includes(page)) return true;
  if (LOOPBACK_PAGE.test(page)) return LOOPBACK_PEER.test(peer ?? "");
  return isOwn(page, host) && (page.startsWith("https:") || isKnownHost(host, policy));
}

/** A proxy ends TLS, so the page's scheme says what the default port of the host is. */
function isOwn(page: string, host: string | undefined): boolean {
  const [scheme] = page.split("//", 1);
  return host !== undefined && /^https?:$/.test(scheme ?? "") && normalizeOrigin(`${scheme}//${host}`) === page;
}
