/** Whom a browser names as the page behind a request. */
export interface PageRequest {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
}

const LOOPBACK = /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/;

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

/**
 * Whether a page may connect. Browsers send its origin and cannot forge it, so this keeps foreign pages from using a
 * visitor's access to this server; programs that are no browsers send none and are let through. What proxies add, such as
 * `X-Forwarded-Host`, anybody can send, so it counts for nothing.
 * @param allowed origins, as {@link normalizeOrigin} spells them, to let in beside pages of the same host and of the
 * loopback interface.
 */
export function isAllowedOrigin({ origin, host }: PageRequest, allowed: readonly string[]): boolean {
  if (origin === undefined) return true;
  const page = normalizeOrigin(origin);
  if (page === undefined) return false;
  return allowed.includes(page) || LOOPBACK.test(page) || isOwn(page, host);
}

/** A proxy ends TLS, so the page's scheme says what the default port of the host is. */
function isOwn(page: string, host: string | undefined): boolean {
  const [scheme] = page.split("//", 1);
  return host !== undefined && /^https?:$/.test(scheme ?? "") && normalizeOrigin(`${scheme}//${host}`) === page;
}
