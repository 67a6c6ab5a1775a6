/**
 * Whether a page of this origin may connect. Browsers send the header and cannot forge it, so this keeps foreign pages
 * from using a visitor's access to this server; programs that are no browsers send none and are let through.
 * @param allowed origins to let in beside pages of the same host and of the loopback interface.
 */
export function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true;
  if (allowed.includes(origin)) return true;
  let url: URL;
  try {
    url = new URL(origin);
  } catch {
    return false;
  }
  return url.host === host || ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
}
