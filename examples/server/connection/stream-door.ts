import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Server as TlsServer } from "node:tls";
import { CloseCode, SUBPROTOCOL } from "loquilex/protocol";
import type { Scope } from "loquilex/resources";
import { type WebSocket, WebSocketServer } from "ws";
import { askAgain } from "../admin/ask-again.js";
import { refuseUpgrade } from "../admin/refuse-upgrade.js";
import { addressGroup } from "../door/address-group.js";
import type { GuestList } from "../door/guest-list.js";
import { doFor } from "../fault-owner.js";
import type { FaultSwitch } from "../faults/fault-switch.js";
import type { Log } from "../logging/log.js";
import type { OccasionalLog } from "../logging/occasional-log.js";
import type { Refusal } from "../protocol/opening-judge.js";
import { type ConnectedClient, MAX_OPENING_BYTES } from "./client-connection.js";
import { isAllowedOrigin, type OriginPolicy } from "./origin-policy.js";

/** Where clients connect. */
export const STREAM_PATH = "/v1/stream";

/** Origins that are remembered, so that each is warned of once. */
const MAX_REMEMBERED_ORIGINS = 100;
const MAX_SHOWN = 200;

export interface StreamDoorOptions {
  readonly httpServer: Server;
  readonly scope: Scope;
  readonly policy: OriginPolicy;
  readonly maxMessageBytes: number;
  readonly logger: Log;
  readonly occasionalLog: OccasionalLog;
  readonly guests: GuestList;
  /** For pages that try out bad connections. */
  readonly faults: FaultSwitch | undefined;
  /** A client was sent away before it was a WebSocket. */
  onTurnedAway(refusal: Refusal): void;
  /**
   * A client is connected; one with a refusal is to be told that and closed.
   * @param hear to be called when the client has said something.
   * @param address of the client, or of its network, as the door counts them.
   * @returns what turns the client away later.
   */
  onConnection(
    client: ConnectedClient,
    refusal: Refusal | undefined,
    hear: () => void,
    address: string,
  ): (why: Refusal) => void;
}

/** Turns upgrade requests into WebSockets, and decides who is let in. */
export class StreamDoor {
  readonly #options: StreamDoorOptions;
  readonly #server: WebSocketServer;
  readonly #warnedOf = new Set<string>();

  constructor(options: StreamDoorOptions) {
    this.#options = options;
    const { httpServer, scope } = options;
    this.#server = new WebSocketServer({
      noServer: true,
      // What is larger is never taken into memory. The connection knows which message is the opening.
      maxPayload: Math.max(options.maxMessageBytes, MAX_OPENING_BYTES),
      // Only the protocol's own name is ever echoed, so that what else a client offers stays out of every log.
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
      perMessageDeflate: false,
      // A message must not come later than those behind it, which may go past the WebSocket.
      allowSynchronousEvents: true,
    });
    scope.defer("websocket server", () => this.#server.close());
    this.#server.on("wsClientError", ({ message }, socket) => {
      options.occasionalLog.write("info", "handshake", { reason: message }, "Refused what is no WebSocket handshake.");
      refuseUpgrade(socket, "400 Bad Request", `${message}.`, scope);
    });
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if (request.headers.upgrade?.toLowerCase() === "h2c") {
        askAgain(httpServer, request, socket, head);
        return;
      }
      doFor(this.#faultsOf(socket), () => this.#upgrade(request, socket, head));
    };
    httpServer.on("upgrade", onUpgrade);
    scope.defer("upgrade listener", () => httpServer.off("upgrade", onUpgrade));
    const { guests } = options;
    const answer =
      (socket: Socket) =>
      (refusal: Refusal): void => {
        options.onTurnedAway(refusal);
        refuseUpgrade(socket, "503 Service Unavailable", refusal.detail, scope);
      };
    const onArrival = (socket: Socket): void => guests.arrive(socket, answer(socket));
    // A client that has not finished its TLS handshake cannot read an answer, so its connection is ended without one.
    const onRawArrival = (socket: Socket): void =>
      guests.arrive(socket, (refusal) => {
        options.onTurnedAway(refusal);
        socket.destroy();
      });
    const onSecured = (socket: Socket): void => guests.secure(socket, answer(socket));
    const onRequest = ({ socket }: IncomingMessage): void => guests.hear(socket);
    httpServer.on("connection", httpServer instanceof TlsServer ? onRawArrival : onArrival);
    httpServer.on("secureConnection", onSecured);
    httpServer.on("request", onRequest);
    scope.defer("arrival listeners", () => {
      httpServer.off("connection", onArrival).off("connection", onRawArrival);
      httpServer.off("secureConnection", onSecured).off("request", onRequest);
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client that is gone before the handshake must not take the server down.
    destroyOnError(socket);
    const { faults } = this.#options;
    const line = faults === undefined ? socket : faults.connect(request, socket, head);
    if (line === undefined) return;
    this.#server.handleUpgrade(request, line, line === socket ? head : Buffer.alloc(0), (webSocket) => {
      this.#admit(webSocket, line, request);
    });
  }

  // The functions that stay as long as the connection are made where there is no request that they could keep in memory.

  #faultsOf(socket: Duplex): (error: unknown) => void {
    const { logger } = this.#options;
    return (error) => {
      logger.error({ err: error }, "A handshake failed in a way that nothing expected.");
      socket.destroy();
    };
  }

  #admit(socket: WebSocket, stream: Duplex, request: IncomingMessage): void {
    const { guests, onConnection } = this.#options;
    const { socket: raw } = request;
    let turnAway: (why: Refusal) => void = () => socket.terminate();
    const refusal =
      guests.upgrade(raw, (why) => turnAway(why)) ??
      this.#refuseAddress(request) ??
      this.#refuseOrigin(request) ??
      this.#refuseProtocols(request);
    const hear = (): void => guests.hear(raw);
    turnAway = onConnection({ socket, stream }, refusal, hear, addressGroup(raw.remoteAddress ?? ""));
  }

  #refuseAddress({ url = "" }: IncomingMessage): Refusal | undefined {
    const [path] = url.split("?", 1);
    if (path === STREAM_PATH) return undefined;
    const detail = `There is no stream at this address; connect to ${STREAM_PATH}.`;
    this.#options.occasionalLog.write("info", "address", { path: path?.slice(0, MAX_SHOWN) }, detail);
    return { code: CloseCode.forbidden, error: "unknown_address", detail };
  }

  #refuseOrigin({ headers: { origin, host }, socket }: IncomingMessage): Refusal | undefined {
    if (isAllowedOrigin({ origin, host, peer: socket.remoteAddress }, this.#options.policy)) return undefined;
    this.#warnOf((origin ?? "").slice(0, MAX_SHOWN), (host ?? "").slice(0, MAX_SHOWN));
    return {
      code: CloseCode.forbidden,
      error: "forbidden_origin",
      detail: "The server does not know this page's origin; add it to LX_ALLOWED_ORIGINS there.",
    };
  }

  /** Once for each origin: the page comes again and again. */
  #warnOf(origin: string, host: string): void {
    if (this.#warnedOf.has(origin)) return;
    const message =
      `A page of ${origin} was refused: its origin is neither that of this server's own host, ${host}, nor one of ` +
      `LX_ALLOWED_ORIGINS. If the page is yours, add ${origin} to LX_ALLOWED_ORIGINS, or, if it is served from here ` +
      "without TLS, the host's name to LX_ALLOWED_HOSTS.";
    if (this.#warnedOf.size < MAX_REMEMBERED_ORIGINS) {
      this.#warnedOf.add(origin);
      this.#options.logger.warn({ origin, host }, message);
    } else this.#options.occasionalLog.write("warn", "origin", { origin, host }, message);
  }

  /** One that offers nothing is served: that is how programs without a browser begin. */
  #refuseProtocols({ headers }: IncomingMessage): Refusal | undefined {
    const offered = headers["sec-websocket-protocol"]?.split(",").map((name) => name.trim()) ?? [SUBPROTOCOL];
    if (offered.includes(SUBPROTOCOL)) return undefined;
    const detail = `This server speaks the subprotocol ${SUBPROTOCOL}, which the client does not offer.`;
    this.#options.occasionalLog.write("info", "subprotocol", {}, detail);
    return { code: CloseCode.unsupported, error: "unsupported_protocol", detail };
  }
}

const destroyOnError = (socket: Duplex): void => {
  socket.on("error", () => socket.destroy());
};
