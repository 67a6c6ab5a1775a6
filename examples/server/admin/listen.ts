import type { Server } from "node:http";
import { deferred } from "loquilex/resources";
import { codeOf } from "../error-code.js";
import type { ServerConfig } from "../start/config.js";
import { StartError } from "../start/start-error.js";

/** @returns the address to open. @throws StartError */
export async function listen(server: Server, { host, port, tlsCert }: ServerConfig): Promise<string> {
  const listening = deferred<void>();
  server.once("error", listening.reject);
  server.listen(port, host, listening.resolve);
  try {
    await listening.promise;
  } catch (error) {
    throw new StartError(whyNotListening(codeOf(error), host, port), { cause: error });
  }
  server.off("error", listening.reject);
  const bound = server.address();
  const boundPort = typeof bound === "object" && bound !== null ? bound.port : port;
  // Pages get a microphone only on an address that the browser knows to be local.
  const shown = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host] ?? host;
  const scheme = tlsCert === undefined ? "http" : "https";
  return `${scheme}://${shown.includes(":") ? `[${shown}]` : shown}:${boundPort}`;
}

function whyNotListening(code: string, host: string, port: number): string {
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} on ${host} is in use; stop the other program, or set PORT (or --port) to another port, 0 for any free one.`;
    case "EACCES":
      return `Port ${port} on ${host} is not allowed to this user; set PORT (or --port) to one from 1024 to 65535.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `HOST (or --host) is ${JSON.stringify(host)}, and must be an address of this machine, such as 127.0.0.1 or 0.0.0.0.`;
    default:
      return `The server cannot listen on ${host} port ${port} (${code}); set HOST and PORT to an address that is free.`;
  }
}
