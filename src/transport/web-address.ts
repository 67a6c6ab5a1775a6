import { isObject } from "../internal/arguments.js";

/** A host with a port, which a URL takes for a path or for a scheme of its own. */
const WITHOUT_SCHEME = /^(?!(?:ws|http)s?:)(?:[\w-]+(?:\.[\w-]+)*|\[[\da-f:]+\]):\d+(?:[/?#]|$)/i;

/** @throws TypeError for what is no address of a WebSocket. */
export function toWebSocketUrl(
  url: string | URL,
  base = typeof document === "undefined" ? undefined : document.baseURI,
): string {
  if (WITHOUT_SCHEME.test(String(url)))
    throw new TypeError(`The server's URL must begin with ws: or wss:, as in "ws://${url}", and is "${url}".`);
  let parsed: URL;
  try {
    parsed = new URL(url, base);
  } catch {
    throw new TypeError(`The server's URL must be a valid URL, and is "${url}".`);
  }
  if (parsed.protocol === "http:") parsed.protocol = "ws:";
  if (parsed.protocol === "https:") parsed.protocol = "wss:";
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") {
    throw new TypeError(
      `The server's URL must use ws, wss, http or https, and uses "${parsed.protocol}". Write "wss://" and the server's name.`,
    );
  }
  parsed.hash = "";
  return parsed.href;
}

/** @throws TypeError for what is no address at all. */
export function checkAddress(url: unknown): asserts url is string | URL {
  // As text, anything else would be taken for a path on the page's own server.
  if (typeof url !== "string" && !isUrl(url)) {
    throw new TypeError(`The server's URL must be a string or a URL, and is ${url === null ? "null" : typeof url}.`);
  }
  if (typeof url === "string" && url.trim() === "")
    throw new TypeError("The server's URL must be a valid URL, and is empty.");
}

/** Also one of another frame. */
function isUrl(value: unknown): value is URL {
  return isObject(value) && "href" in value && typeof value.href === "string";
}
