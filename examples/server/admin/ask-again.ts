import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { Server as TlsServer } from "node:tls";

/**
 * Answers a request that would like to go on in HTTP/2 as if it had not said so (RFC 9110, section 7.8): Java's client asks so
 * by itself, and takes HTTP/1.1 as well.
 * @param head what has come behind the request's headers.
 */
export function askAgain(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = "", value = ""] = rawHeaders.slice(index, index + 2);
    const kept = /^connection$/i.test(name) ? value.replaceAll(/\b(?:upgrade|http2-settings)\b/gi, "") : value;
    if (!/^(?:upgrade|http2-settings)$/i.test(name)) lines.push(`${name}: ${kept}`);
  }
  const asked = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  socket.unshift(Buffer.concat([asked, head]));
  server.emit(server instanceof TlsServer ? "secureConnection" : "connection", socket);
}
