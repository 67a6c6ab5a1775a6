import { AudioStreamError } from "../errors.js";
import { isKeptFrom, LOOPBACK, nearnessOf, type PageOrigin, pageOrigin } from "./local-network.js";

/** @param said what is known of the cause; a browser does not say. */
export async function connectFailed(url: string, said: string): Promise<AudioStreamError> {
  const { host, hostname, protocol } = new URL(url);
  const page = said === "" ? pageOrigin() : undefined;
  const kept = page && (await isKeptFrom(hostname, page));
  if (page !== undefined && kept === "surely") return keptFrom(host, page);
  const why = said === "" ? unknownCause(hostname, protocol, page) : `. What is known: ${said}. ${CHECK_ALL}`;
  const more = kept === undefined ? "" : ` If ${hostname} leads into the local network, ${LOWER_BLOCKED} ${ALLOW}`;
  return new AudioStreamError("connect-failed", `The server ${host} could not be reached${why}${more}`, {
    details: undefined,
  });
}

const CHECK_ALL = "Check the network, the address, and that a LoquiLex server is running there.";
const LOWER_BLOCKED =
  "this browser keeps the page from it, because the person has not allowed access to the local network.";
const ALLOW = "Allow it for this site in the browser's settings; the stream tries again by itself, or start it again.";

function keptFrom(host: string, { isSecure }: PageOrigin): AudioStreamError {
  const why = isSecure
    ? `because the address is in the local network or on this computer, and the person has not allowed this site to reach it. ${ALLOW} Or give the server a public address.`
    : "because the address is in the local network or on this computer, which a page may reach only if it comes over https itself. Serve the page over https.";
  return new AudioStreamError("local-network-denied", `The browser let no connection to ${host} be made, ${why}`, {
    details: undefined,
  });
}

function unknownCause(hostname: string, protocol: string, page: PageOrigin | undefined): string {
  const isMixed = protocol === "ws:" && page?.protocol === "https:";
  if (isMixed && nearnessOf(hostname) !== LOOPBACK)
    return ". A page on https can only use wss:, so begin the address with wss:, and have the server speak TLS.";
  const tls =
    protocol === "wss:"
      ? "with TLS, because the address begins with wss:, and with a certificate that this browser accepts"
      : "without TLS, because the address begins with ws:";
  const common = `, and the browser does not say why. Check the network, the address and its port, that a LoquiLex server runs there ${tls}, and that no proxy or firewall on the way blocks WebSockets.`;
  return isMixed ? `${common} Safari lets pages on https use wss: only, also to this computer.` : common;
}
