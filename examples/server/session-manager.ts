import { randomBytes } from "node:crypto";
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { type AudioOffer, CloseCode, fitCloseReason, SUBPROTOCOL } from "loquilex/protocol";
import { type Clock, type Deferred, deferred, type Registration, type Scope } from "loquilex/resources";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { ServerConfig } from "./config.js";
import type { Engine } from "./engines/engine.js";
import { equalText } from "./equal-text.js";
import { keptFormat, refuseFormat } from "./granted-audio.js";
import type { Log } from "./log.js";
import { OpusFrameDecoder } from "./opus-frame-decoder.js";
import { isAllowedOrigin } from "./origin-policy.js";
import type { PeerId } from "./protocol-io.js";
import { serverTerms } from "./server-terms.js";
import { type RegistryInput, type RegistryOutput, type SessionKey, SessionRegistry } from "./session-registry.js";
import { StreamingSession } from "./streaming-session.js";

export interface SessionManagerOptions {
  readonly config: ServerConfig;
  readonly httpServer: Server;
  readonly engines: Engine;
  readonly logger: Log;
  readonly clock: Clock;
  /** Owns every socket, timer and session. */
  readonly scope: Scope;
}

/** Where clients connect. */
export const STREAM_PATH = "/v1/stream";

/** How long a closed connection may take to say goodbye. */
const CLOSE_GRACE_MS = 2_000;
const GO_AWAY_RETRY_MS = 1_000;
/** How long all sessions together may take for their engines' last words when the server goes down. */
const DRAIN_MS = 5_000;

interface Connection {
  readonly socket: WebSocket;
  readonly scope: Scope;
  readonly closed: Deferred<void>;
}

/** Gives the protocol its sockets, its time, and a recording and a recogniser for each session. */
export class SessionManager {
  readonly #options: SessionManagerOptions;
  readonly #registry: SessionRegistry;
  readonly #server: WebSocketServer;
  readonly #sockets = new Map<PeerId, Connection>();
  readonly #sessions = new Map<string, StreamingSession>();
  /** Sessions that are over and still let go of what they had. */
  readonly #releasing = new Set<Promise<void>>();
  readonly #queue: RegistryInput[] = [];
  #busy = false;
  #peers = 0;
  #timer: Registration | undefined;
  #shutdown: Promise<void> | undefined;

  constructor(options: SessionManagerOptions) {
    this.#options = options;
    const { config, httpServer, scope } = options;
    this.#registry = new SessionRegistry({
      terms: serverTerms(config),
      maxSessions: config.maxSessions,
      refuseFormat,
      openDecoder: (key, offer) => this.#openDecoder(key, offer),
      createSecret: () => randomBytes(32).toString("base64url"),
      equalSecrets: equalText,
      createEpoch: () => randomBytes(6).readUIntBE(0, 6),
    });
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: config.maxMessageBytes,
      // Only the protocol's own name is ever echoed, so that what else a client offers stays out of every log.
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
      perMessageDeflate: false,
    });
    scope.defer("websocket server", () => this.#server.close());
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => this.#upgrade(request, socket, head);
    httpServer.on("upgrade", onUpgrade);
    scope.defer("upgrade listener", () => httpServer.off("upgrade", onUpgrade));
  }

  /** Sessions that are alive, attached or waiting for their client. */
  get sessionCount(): number {
    return this.#registry.sessionCount;
  }

  /** Clients that are connected. */
  get connectionCount(): number {
    return this.#sockets.size;
  }

  /** What waits in each session, by the first letters of its name: the whole of it gives access. */
  readQueues(): { readonly session: string; readonly queues: ReturnType<StreamingSession["readMetrics"]> }[] {
    return Array.from(this.#sessions, ([name, session]) => ({
      session: name.slice(0, 8),
      queues: session.readMetrics(),
    }));
  }

  /**
   * Ends everything, each thing before what it depends on: takes no more sessions, sends the clients away, lets the
   * engines say their last words under one deadline, finishes the files, lets go of the engines and their threads, and
   * closes what is left of the connections. Never rejects. Idempotent.
   */
  shutdown(): Promise<void> {
    this.#shutdown ??= this.#end();
    return this.#shutdown;
  }

  async #end(): Promise<void> {
    const reason = "The server is restarting.";
    this.#dispatch({ type: "go-away", reason, retryAfterMs: GO_AWAY_RETRY_MS });
    const closed = Array.from(this.#sockets.values(), (connection) => connection.closed.promise);
    await this.#drain(Array.from(this.#sessions.values()));
    await Promise.all(Array.from(this.#sessions.values(), (session) => session.dispose()));
    this.#sessions.clear();
    await Promise.all(this.#releasing);
    // A socket that is torn down while its client still sends would lose the reason it was closed for.
    await Promise.all(closed);
    await this.#options.scope.dispose();
  }

  async #drain(sessions: readonly StreamingSession[]): Promise<void> {
    const late = deferred<void>();
    const deadline = this.#options.scope.timeout(DRAIN_MS, late.resolve, "drain deadline");
    let ended = 0;
    const ends = sessions.map(async (session) => {
      // What went wrong was told when it did.
      await session.end().catch(() => {});
      ended += 1;
    });
    await Promise.race([Promise.all(ends), late.promise]);
    deadline.dispose();
    const unfinished = sessions.length - ended;
    if (unfinished > 0) this.#options.logger.warn({ unfinished }, "Some engines did not say their last words in time.");
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // A client that is gone before the handshake must not take the server down.
    socket.on("error", () => socket.destroy());
    const [path] = (request.url ?? "").split("?", 1);
    const { origin, host } = request.headers;
    if (path !== STREAM_PATH) refuseUpgrade(socket, "404 Not Found");
    else if (!isAllowedOrigin(origin, host, this.#options.config.allowedOrigins))
      refuseUpgrade(socket, "403 Forbidden");
    else this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#connected(webSocket));
  }

  #connected(socket: WebSocket): void {
    this.#peers += 1;
    const peer = this.#peers;
    const scope = this.#options.scope.child(`connection ${peer}`);
    scope.defer("socket", () => socket.terminate());
    const closed = deferred<void>();
    this.#sockets.set(peer, { socket, scope, closed });
    socket.on("error", (error) => this.#options.logger.warn({ peer, error: error.message }, "A connection failed."));
    socket.on("message", (data, isBinary) => {
      this.#dispatch({ type: "data", peer, data: isBinary ? toBytes(data) : data.toString() });
    });
    socket.on("close", (code) => {
      this.#sockets.delete(peer);
      void scope.dispose();
      this.#dispatch({ type: "closed", peer, code });
      closed.resolve();
    });
    this.#dispatch({ type: "connected", peer });
  }

  #dispatch(input: RegistryInput): void {
    this.#queue.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        const outputs = this.#registry.handle(next, this.#options.clock.now());
        for (const output of outputs) this.#perform(output);
      }
    } finally {
      this.#busy = false;
    }
    this.#schedule();
  }

  #perform(output: RegistryOutput): void {
    switch (output.type) {
      case "send":
        this.#sockets.get(output.peer)?.socket.send(output.data);
        return;
      case "close":
        this.#close(output.peer, output.code, output.reason);
        return;
      case "authorize": {
        const { token } = this.#options.config;
        const granted = token === undefined || (output.token !== undefined && equalText(token, output.token));
        this.#dispatch({ type: "authorized", peer: output.peer, granted });
        return;
      }
      case "open":
        this.#open(output.key, output.offer);
        return;
      case "session":
        this.#performForSession(output.key, output.output);
    }
  }

  #close(peer: PeerId, code: number, reason: string): void {
    const entry = this.#sockets.get(peer);
    if (entry === undefined) return;
    if (code !== CloseCode.normal) this.#options.logger.info({ peer, code, reason }, "Closed a connection.");
    entry.socket.close(code, fitCloseReason(reason));
    entry.scope.timeout(CLOSE_GRACE_MS, () => entry.socket.terminate(), "close grace");
  }

  #open(key: SessionKey, offer: AudioOffer): void {
    const { config, engines, logger, clock, scope } = this.#options;
    const log = logger.child({ session: key.sessionId.slice(0, 8) });
    log.info(
      { encoding: offer.encoding, sampleRate: offer.sample_rate, channels: offer.channels, from: offer.first },
      "A session began.",
    );
    this.#sessions.set(
      nameOf(key),
      new StreamingSession({
        sessionId: key.sessionId,
        format: keptFormat(offer),
        startPosition: offer.first,
        outDir: config.outDir,
        engine: engines,
        logger: log,
        clock,
        scope: scope.child(`session ${key.sessionId.slice(0, 8)}`),
        onKept: (position) => this.#tell(key, { type: "kept", position }),
        onEvent: (t, data) => this.#tell(key, { type: "emit", t, data }),
        onFailed: (error) => {
          log.error({ error: error.message }, "A session cannot be recorded.");
          this.#tell(key, { type: "fail", reason: "The server cannot keep the recording." });
        },
      }),
    );
  }

  #tell(key: SessionKey, input: Extract<RegistryInput, { type: "session" }>["input"]): void {
    this.#dispatch({ type: "session", key, input });
  }

  #openDecoder(key: SessionKey, offer: AudioOffer): OpusFrameDecoder | undefined {
    if (offer.encoding !== "opus") return undefined;
    return new OpusFrameDecoder({
      offer,
      onReady: () => this.#tell(key, { type: "decoder-ready" }),
      onFailed: (error) => {
        this.#options.logger.error({ err: error }, "There is no Opus decoder.");
        this.#tell(key, { type: "fail", reason: "The server cannot decode Opus now." });
      },
    });
  }

  #performForSession(key: SessionKey, output: Extract<RegistryOutput, { type: "session" }>["output"]): void {
    const session = this.#sessions.get(nameOf(key));
    if (session === undefined) return;
    if (output.type === "audio") session.append(output.frame);
    else if (output.type === "end-audio") {
      session.end().then(
        () => this.#dispatch({ type: "session", key, input: { type: "drained" } }),
        (error: unknown) => this.#options.logger.error({ error }, "A session did not end well."),
      );
    } else {
      this.#sessions.delete(nameOf(key));
      this.#options.logger.info({ session: key.sessionId.slice(0, 8), reason: output.reason }, "A session is over.");
      const release: Promise<void> = session.dispose().finally(() => this.#releasing.delete(release));
      this.#releasing.add(release);
    }
  }

  #schedule(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    const { wakeAt } = this.#registry;
    if (wakeAt === undefined) return;
    const delayMs = Math.max(0, wakeAt - this.#options.clock.now());
    this.#timer = this.#options.scope.timeout(delayMs, () => this.#dispatch({ type: "time" }), "protocol wake-up");
  }
}

const nameOf = ({ sessionId, epoch }: SessionKey): string => `${sessionId}/${epoch}`;

function toBytes(data: RawData): Uint8Array<ArrayBuffer> {
  const buffer = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
