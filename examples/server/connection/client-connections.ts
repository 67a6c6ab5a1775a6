import type { Server } from "node:http";
import { CloseCode } from "loquilex/protocol";
import type { Clock, Scope } from "loquilex/resources";
import { guestLimits } from "../door/descriptor-limit.js";
import { GuestList } from "../door/guest-list.js";
import { Tally } from "../door/tally.js";
import type { FaultSwitch } from "../faults/fault-switch.js";
import type { Log } from "../logging/log.js";
import type { OccasionalLog } from "../logging/occasional-log.js";
import type { Refusal } from "../protocol/opening-judge.js";
import type { PeerId } from "../protocol/protocol-io.js";
import type { ServerConfig } from "../start/config.js";
import { ClientConnection, type ConnectedClient } from "./client-connection.js";
import { ReadingTurn } from "./reading-turn.js";
import { StreamDoor } from "./stream-door.js";

export interface ClientConnectionsOptions {
  readonly config: ServerConfig;
  readonly httpServer: Server;
  readonly scope: Scope;
  readonly clock: Clock;
  readonly logger: Log;
  readonly occasionalLog: OccasionalLog;
  readonly faults: FaultSwitch | undefined;
  onConnected(peer: PeerId): void;
  /** As {@link ClientConnectionOptions.onExpected}. */
  onExpected(peer: PeerId, message: Uint8Array<ArrayBuffer>): boolean;
  /** @returns whether there was audio in it that the server did not have. */
  onMessage(peer: PeerId, data: string | Uint8Array<ArrayBuffer>): boolean;
  onClosed(peer: PeerId, code: number): void;
  onFault(peer: PeerId, error: unknown): void;
}

/** All clients that are connected, by number. What the door refuses is counted here. */
export class ClientConnections {
  readonly #options: ClientConnectionsOptions;
  readonly #connections = new Map<PeerId, ClientConnection>();
  readonly #addresses = new Map<PeerId, string>();
  readonly #tally = new Tally();
  readonly #reading: ReadingTurn;
  #peers = 0;

  constructor(options: ClientConnectionsOptions) {
    this.#options = options;
    const { config, httpServer, scope, logger, occasionalLog, faults } = options;
    this.#reading = new ReadingTurn(options.clock, scope);
    new StreamDoor({
      httpServer,
      scope,
      policy: config,
      maxMessageBytes: config.maxMessageBytes,
      logger,
      occasionalLog,
      faults,
      guests: new GuestList(guestLimits(config)),
      onTurnedAway: (refusal) => this.#countRefusal(refusal),
      onConnection: (client, refusal, hear, address) => this.#connected(client, refusal, hear, address),
    });
  }

  get count(): number {
    return this.#connections.size;
  }

  /** How often each limit of the door has been reached. */
  get refused(): Readonly<Record<string, number>> {
    return this.#tally.counts;
  }

  /** One promise for each connection that there is now. */
  get ends(): Promise<void>[] {
    return Array.from(this.#connections.values(), (connection) => connection.ended);
  }

  hasRoom(peer: PeerId): boolean | undefined {
    return this.#connections.get(peer)?.hasRoom();
  }

  send(peer: PeerId, data: string | Uint8Array): void {
    this.#connections.get(peer)?.send(data);
  }

  close(peer: PeerId, code: number, reason: string): void {
    if (code !== CloseCode.normal) {
      this.#tally.count(`close ${code}`);
      this.#options.occasionalLog.write("info", `close ${code}`, { peer, code, reason }, "Closed a connection.");
    }
    this.#connections.get(peer)?.close(code, reason);
  }

  /** Ends a connection whose work went wrong. */
  fail(peer: PeerId): void {
    this.#connections.get(peer)?.close(CloseCode.internalError, "The server failed to answer this.");
  }

  /** Where a client is, as the door counts addresses; `undefined` for one that has gone. */
  addressOf(peer: PeerId): string | undefined {
    return this.#addresses.get(peer);
  }

  #connected(
    client: ConnectedClient,
    refusal: Refusal | undefined,
    hear: () => void,
    address: string,
  ): (why: Refusal) => void {
    const { config, scope, clock, occasionalLog, ...events } = this.#options;
    this.#peers += 1;
    const peer = this.#peers;
    const connection = new ClientConnection({
      ...client,
      clock,
      scope: scope.child(`connection ${peer}`),
      reading: this.#reading,
      maxBufferedBytes: config.maxBufferedBytes,
      maxMessageBytes: config.maxMessageBytes,
      pace: { messagesPerSec: config.maxMessagesPerSec, bytesPerSec: config.maxBytesPerSec },
      onOpening: hear,
      onExpected: (message) => events.onExpected(peer, message),
      onMessage: (data) => events.onMessage(peer, data),
      onError: ({ message }) => occasionalLog.write("warn", "socket", { peer, error: message }, "A connection failed."),
      onUnread: (bytes) => {
        this.#tally.count("unread");
        occasionalLog.write("warn", "unread", { peer, bytes }, "A client does not read what it is sent.");
      },
      onRefused: (why) => this.#countRefusal(why),
      onClosed: (code) => events.onClosed(peer, code),
      onFault: (error) => events.onFault(peer, error),
    });
    this.#connections.set(peer, connection);
    this.#addresses.set(peer, address);
    void connection.ended.then(() => {
      this.#connections.delete(peer);
      this.#addresses.delete(peer);
    });
    if (refusal === undefined) events.onConnected(peer);
    else connection.refuse(refusal);
    return (why) => connection.refuse(why);
  }

  #countRefusal({ error, detail, code }: Refusal): void {
    this.#tally.count(error);
    this.#options.occasionalLog.write("info", error, { code, error }, detail);
  }
}
