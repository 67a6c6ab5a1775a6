import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type Clock, systemClock } from "loquilex/resources";
import { type WebSocket, WebSocketServer } from "ws";

/** A message of a WebSocket: text, or bytes. */
export type WireMessage = string | Uint8Array;

const NO_CODE = 1005;

/** Whom a service speaks to on one connection. */
export interface ServiceCaller {
  readonly clock: Clock;
  /** What the address asks for. */
  readonly query: URLSearchParams;
  readonly protocols: readonly string[];
  send(message: WireMessage): void;
  close(code: number, reason?: string): void;
}

/** One connection as a service has it. */
export interface ServiceSession {
  receive(message: WireMessage): void;
  /** The caller is gone. */
  gone?(): void;
}

/** A speech service as those who speak its protocol see it, without sockets, so that it runs under any clock. */
export interface SpeechService {
  /** Which of the offered subprotocols it answers with. */
  choose?(offered: readonly string[]): string | undefined;
  accept(caller: ServiceCaller): ServiceSession;
}

/** A service behind a real WebSocket server on this machine. */
export class ServiceHost implements AsyncDisposable {
  readonly #server: WebSocketServer;
  /** Every connection so far. */
  readonly sockets: WebSocket[] = [];

  private constructor(server: WebSocketServer) {
    this.#server = server;
  }

  static async listen(service: SpeechService): Promise<ServiceHost> {
    const server = new WebSocketServer({
      port: 0,
      host: "127.0.0.1",
      handleProtocols: (offered) => service.choose?.(Array.from(offered)) ?? false,
    });
    const host = new ServiceHost(server);
    server.on("connection", (socket, request) => {
      host.sockets.push(socket);
      socket.on("error", () => socket.terminate());
      const session = service.accept({
        clock: systemClock,
        query: new URL(request.url ?? "/", "ws://127.0.0.1").searchParams,
        protocols: (request.headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim()),
        send: (message) => socket.readyState === socket.OPEN && socket.send(message),
        // A close frame without a code is one that says 1005 to whoever gets it.
        close: (code, reason) => (code === NO_CODE ? socket.close() : socket.close(code, reason)),
      });
      socket.on("message", (data: Buffer, isBinary) => {
        if (socket.readyState === socket.OPEN) session.receive(isBinary ? new Uint8Array(data) : data.toString());
      });
      socket.on("close", () => session.gone?.());
    });
    await once(server, "listening");
    return host;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
