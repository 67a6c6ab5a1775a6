/**
 * Where audio goes: `/v1/stream` on the page's own host, or the `?server=` address.
 * @throws Error with a sentence for the person at the page, when `?server=` is no WebSocket address.
 */
export function serverAddress(page: { readonly href: string }): URL {
  const here = new URL(page.href);
  const asked = here.searchParams.get("server");
  if (asked === null) {
    const own = new URL("/v1/stream", here);
    own.protocol = here.protocol === "https:" ? "wss:" : "ws:";
    return own;
  }
  const address = URL.canParse(asked) ? new URL(asked) : undefined;
  if (address === undefined || (address.protocol !== "ws:" && address.protocol !== "wss:")) {
    throw new Error(
      "The server in this page's address must start with ws:// or wss://. Correct ?server= or remove it, then load the page again.",
    );
  }
  if (address.username !== "" || address.password !== "" || address.hash !== "") {
    throw new Error(
      "The server in this page's address must have no user name, password or #part. Correct ?server=, then load the page again.",
    );
  }
  return address;
}
