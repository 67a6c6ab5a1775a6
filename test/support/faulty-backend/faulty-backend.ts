import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CloseCode,
  encodeServerMessage,
  fitCloseReason,
  parseClientMessage,
  ShapeError,
  SUBPROTOCOL,
  UnsupportedVersionError,
} from "loquilex/protocol";
import { Scope, systemClock } from "loquilex/resources";
import { type WebSocket, WebSocketServer } from "ws";
import type { Fault } from "./faults.js";
import { FaultySession, type Line, MAX_MESSAGE_BYTES } from "./faulty-session.js";

const BEAT_MS = 50;
const OPENING_MS = 10_000;
const MAX_UNREAD_BYTES = 1_048_576;

/** A small backend in this process that keeps the contract, but for one fault. */
export class FaultyBackend implements AsyncDisposable {
  readonly #fault: Fault | undefined;
  readonly #folder: string;
  readonly #server: WebSocketServer;
  readonly #scope = new Scope({ name: "faulty backend" });
  readonly #sessions = new Map<string, FaultySession>();
  /** What waits to be sent, to whomever, in the fault that has one queue for all. */
  #queue: Promise<void> = Promise.resolve();
  #files = 0;

  private constructor(fault: Fault | undefined, folder: string) {
    this.#fault = fault;
    this.#folder = folder;
    this.#server = new WebSocketServer({
      host: "127.0.0.1",
      port: 0,
      maxPayload: MAX_MESSAGE_BYTES,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    this.#server.on("connection", (socket, { headers }) => {
      this.#attend(socket);
      if (socket.protocol === "" && headers["sec-websocket-protocol"] !== undefined)
        socket.close(CloseCode.unsupported, "unknown subprotocol");
    });
    this.#beat();
  }

  static async listen(fault?: Fault): Promise<FaultyBackend> {
    const backend = new FaultyBackend(fault, await mkdtemp(join(tmpdir(), "loquilex-faulty-")));
    await once(backend.#server, "listening");
    return backend;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/stream`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope.dispose();
    for (const socket of this.#server.clients) socket.terminate();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
    await rm(this.#folder, { recursive: true, force: true });
  }

  #beat(): void {
    const now = systemClock.now();
    for (const [id, session] of this.#sessions) {
      session.beat(now);
      if (session.hasExpired(now)) this.#sessions.delete(id);
    }
    this.#scope.timeout(BEAT_MS, () => this.#beat(), "beat");
  }

  #attend(socket: WebSocket): void {
    let session: FaultySession | undefined;
    const line: Line = {
      say: (text) => this.#send(socket, text),
      close: (code, reason) => socket.close(code, fitCloseReason(reason)),
    };
    const refuse = (code: number, error: string, detail: string, retryAfterMs?: number): void => {
      const complaint = { code: error, detail, retry_after_ms: retryAfterMs };
      line.say(encodeServerMessage("server.error", complaint));
      line.close(code, detail);
    };
    const silence = this.#scope.timeout(
      OPENING_MS,
      () => line.close(CloseCode.timeout, "No opening came."),
      "wait for an opening",
    );
    socket.on("error", () => socket.terminate());
    socket.on("message", (data: Buffer<ArrayBuffer>, isBinary) => {
      if (socket.readyState !== socket.OPEN) return;
      silence.dispose();
      try {
        const message = isBinary ? new Uint8Array(data) : data.toString();
        if (session === undefined) session = this.#open(message, line, refuse);
        else if (session.line === line) session.take(message);
      } catch (error) {
        if (error instanceof UnsupportedVersionError)
          refuse(CloseCode.unsupported, "unsupported_version", error.message);
        else if (error instanceof ShapeError) refuse(CloseCode.protocolViolation, "invalid_message", error.message);
        else throw error;
      }
    });
    socket.on("close", (code) => {
      silence.dispose();
      if (session?.line !== line) return;
      session.detach();
      const isEnded = code === CloseCode.normal && this.#fault !== "never-freed";
      const isDestroyed = code === 1006 && this.#fault === "failed-send-destroys";
      if (isEnded || isDestroyed) this.#forget(session);
    });
  }

  #forget(session: FaultySession): void {
    for (const [id, known] of this.#sessions) if (known === session) this.#sessions.delete(id);
  }

  /** Decides about an opening in the order of the contract. @throws ShapeError for anything else. */
  #open(
    data: string | Uint8Array,
    line: Line,
    refuse: (code: number, error: string, detail: string, retryAfterMs?: number) => void,
  ): FaultySession | undefined {
    const message = typeof data === "string" ? parseClientMessage(data) : undefined;
    if (message?.t !== "client.hello" && message?.t !== "session.resume")
      throw new ShapeError("The first message must be an opening.");
    const opening = message.data;
    const isResume = message.t === "session.resume";
    if (opening.audio.encoding === "opus") {
      refuse(CloseCode.unsupported, "unsupported_format", "This server takes no Opus.");
      return undefined;
    }
    const known = this.#sessions.get(opening.session_id);
    const begin = (): FaultySession => {
      const session = new FaultySession({ fault: this.#fault, opening, write: () => this.#write() });
      this.#sessions.set(opening.session_id, session);
      session.attach(line, opening, false);
      return session;
    };
    if (known === undefined) return begin();
    if (this.#fault === "hello-again-fails" && !isResume) {
      refuse(CloseCode.internalError, "internal_error", "The field sid is missing.");
      return undefined;
    }
    const refuseKnown = (code: number, error: string, retryAfterMs?: number): undefined => {
      if (this.#fault === "refusal-resets") known.spoil();
      refuse(code, error, "The session is another client's.", retryAfterMs);
      return undefined;
    };
    const freeInMs = known.freeInMs(systemClock.now());
    if (opening.client_id !== known.clientId) {
      if (message.t === "session.resume" || message.data.takeover !== true)
        return refuseKnown(CloseCode.inUse, "in_use", freeInMs === undefined ? undefined : Math.ceil(freeInMs));
      known.line?.close(CloseCode.superseded, "Another client took the session over.");
      known.line = undefined;
      return begin();
    }
    if (opening.attempt <= known.attempt) return refuseKnown(CloseCode.replaced, "stale");
    const resume = isResume ? message.data : undefined;
    const knows = resume?.epoch === known.epoch && known.isGoodSecret(resume.resume_token);
    if (knows || !known.confirmed) {
      known.attach(line, opening, knows);
      return known;
    }
    if (resume?.epoch !== undefined && resume.epoch !== known.epoch) {
      known.line?.close(CloseCode.replaced, "A new lineage begins.");
      known.line = undefined;
      return begin();
    }
    return resume === undefined
      ? refuseKnown(CloseCode.inUse, "in_use", freeInMs === undefined ? undefined : Math.ceil(freeInMs))
      : refuseKnown(CloseCode.forbidden, "invalid_resume_token");
  }

  #send(socket: WebSocket, text: string): void {
    if (this.#fault === "slow-client-stalls-all") {
      this.#queue = this.#queue.then(
        () =>
          new Promise((resolve) => {
            if (socket.readyState !== socket.OPEN) return resolve();
            socket.once("close", resolve);
            socket.send(text, () => {
              socket.off("close", resolve);
              resolve();
            });
          }),
      );
    } else if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate();
    else socket.send(text);
  }

  /** Writes a file whole, as transcripts are. */
  async #write(): Promise<void> {
    this.#files += 1;
    const path = join(this.#folder, `file-${this.#files % 8}`);
    const temporary = this.#fault === "one-temporary-name" ? join(this.#folder, "file.tmp") : `${path}.${this.#files}`;
    await writeFile(temporary, "words");
    await rename(temporary, path);
  }
}
