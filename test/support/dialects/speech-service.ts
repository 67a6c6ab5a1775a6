import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type Clock, systemClock } from "loquilex/resources";
import { type WebSocket, WebSocketServer } from "ws";

/** A message of a WebSocket: text, or bytes. */
export type WireMessage = string | Uint8Array;

const NO_CODE = 1005;

/** What a handshake says of its caller. */
export interface Handshake {
  /** What the address asks for. */
  readonly query: URLSearchParams;
  readonly protocols: readonly string[];
  /** What a client that is not a page may send. */
  readonly authorization?: string | undefined;
}

/** Whom a service speaks to on one connection. */
export interface ServiceCaller extends Handshake {
  readonly clock: Clock;
  send(message: WireMessage): void;
  close(code: number, reason?: string): void;
}

/** One connection as a service has it. */
export interface ServiceSession {
  receive(message: WireMessage): void;
  /** The caller is gone. */
  gone?(): void;
}

/** A request beside the connections. */
export interface ServiceRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Where the caller makes its connections, without a slash at the end. */
  readonly webSocketUrl: string;
}

/** A speech service as those who speak its protocol see it, without sockets, so that it runs under any clock. */
export interface SpeechService {
  /** Which of the offered subprotocols it answers with. */
  choose?(offered: readonly string[]): string | undefined;
  /** Whether it does not refuse the handshake with 401. */
  admits?(handshake: Handshake): boolean;
  /** What it answers to a request without a connection: a status and JSON. */
  answer?(request: ServiceRequest): readonly [status: number, body: object];
  accept(caller: ServiceCaller): ServiceSession;
}

export interface ServiceHostOptions {
  /** Certificate and key, for clients that speak TLS only. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
}

/** No service closes with this code. */
const OVERDUE_CODE = 4999;

/** A service behind a real server on this machine. */
export class ServiceHost implements AsyncDisposable {
  readonly #server: Server;
  readonly #webSockets: WebSocketServer;
  readonly #isSecure: boolean;
  /** Every connection so far. */
  readonly sockets: WebSocket[] = [];
  /** Whoever has this in the address or among the subprotocols is refused before there is a connection, with status 401. */
  revoked: string | undefined;
  /** Handshakes that were refused for that. */
  refusals = 0;
  /** Connections that were closed because they were older than {@link limitMs}. */
  overdue = 0;
  /** How old a connection may become, in milliseconds. */
  limitMs: number | undefined;
  /** Breaks each connection, and hands nothing on, while it returns `true`. Asked for each new connection and each message. */
  breaks: () => boolean = () => false;

  private constructor(service: SpeechService, { tls }: ServiceHostOptions) {
    this.#isSecure = tls !== undefined;
    this.#server = tls === undefined ? createServer() : createSecureServer(tls);
    this.#server.on("request", (request, response) => void this.#answer(service, request, response));
    this.#webSockets = new WebSocketServer({
      server: this.#server,
      handleProtocols: (offered) => service.choose?.(Array.from(offered)) ?? false,
      verifyClient: ({ req }: { readonly req: IncomingMessage }) => this.#admits(service, handshakeOf(req)),
    });
    this.#webSockets.on("connection", (socket, request) => this.#attend(service, socket, request));
  }

  static async listen(service: SpeechService, options: ServiceHostOptions = {}): Promise<ServiceHost> {
    const host = new ServiceHost(service, options);
    host.#server.listen(0, "127.0.0.1");
    await once(host.#server, "listening");
    return host;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Without a slash at the end. */
  get webSocketUrl(): string {
    return this.#isSecure ? `wss://localhost:${this.port}` : `ws://127.0.0.1:${this.port}`;
  }

  /** Without a slash at the end. */
  get httpUrl(): string {
    return this.webSocketUrl.replace("ws", "http");
  }

  /** Ends every connection as a network does that breaks. */
  cut(): void {
    for (const socket of this.sockets) socket.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#webSockets.close();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #admits(service: SpeechService, handshake: Handshake): boolean {
    const { revoked } = this;
    const said = [...handshake.query.values(), ...handshake.protocols];
    if (revoked !== undefined && said.some((text) => text.endsWith(revoked))) {
      this.refusals += 1;
      return false;
    }
    return service.admits?.(handshake) ?? true;
  }

  #limit(socket: WebSocket): void {
    if (this.limitMs === undefined) return;
    const cancel = systemClock.schedule(this.limitMs, () => {
      this.overdue += 1;
      socket.close(OVERDUE_CODE);
    });
    socket.on("close", cancel);
  }

  #attend(service: SpeechService, socket: WebSocket, request: IncomingMessage): void {
    this.sockets.push(socket);
    socket.on("error", () => socket.terminate());
    if (this.breaks()) {
      socket.terminate();
      return;
    }
    this.#limit(socket);
    const session = service.accept({
      clock: systemClock,
      ...handshakeOf(request),
      send: (message) => socket.readyState === socket.OPEN && socket.send(message),
      // A close frame without a code is one that says 1005 to whoever gets it.
      close: (code, reason) => (code === NO_CODE ? socket.close() : socket.close(code, reason)),
    });
    socket.on("message", (data: Buffer, isBinary) => {
      if (this.breaks()) socket.terminate();
      if (socket.readyState === socket.OPEN) session.receive(isBinary ? new Uint8Array(data) : data.toString());
    });
    socket.on("close", () => session.gone?.());
  }

  async #answer(service: SpeechService, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "/", headers } = request;
    const body = await text(request);
    // Through a proxy there is another one than here.
    const webSocketUrl = `${this.#isSecure ? "wss" : "ws"}://${headers.host}`;
    const [status, answer] = service.answer?.({ method, path, headers, body, webSocketUrl }) ?? [404, {}];
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
  }
}

const handshakeOf = ({ url = "/", headers }: IncomingMessage): Handshake => ({
  query: new URL(url, "ws://127.0.0.1").searchParams,
  protocols: (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim()),
  authorization: headers.authorization,
});
