import type { Duplex } from "node:stream";
import type { Scope } from "loquilex/resources";

/** How long a client may take to hang up once it has been refused. */
const GOODBYE_MS = 1_000;

/**
 * Answers a handshake that cannot become a WebSocket, and lets go of its socket. A client may leave its own end open for
 * ever, so that it has a moment only.
 */
export function refuseUpgrade(socket: Duplex, status: string, sentence: string, scope: Scope): void {
  const body = `${sentence}\n`;
  const head = [
    `HTTP/1.1 ${status}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    "Sec-WebSocket-Version: 13",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  const held = scope.defer("refused socket", () => socket.destroy());
  const deadline = scope.timeout(GOODBYE_MS, () => socket.destroy(), "refused socket's goodbye");
  socket.on("close", () => {
    deadline.dispose();
    held.release();
  });
  // What is still coming would reset the connection before the client has read the answer.
  socket.resume();
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
