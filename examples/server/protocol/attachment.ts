import {
  encodeServerMessage,
  type ServerData,
  type ServerEnvelopeFields,
  type ServerMessageType,
  ShapeError,
} from "loquilex/protocol";
import type { Message, PeerId, Turn } from "./protocol-io.js";
import type { ServerTerms } from "./server-terms.js";

/** How soon audio that was asked for and has not come is asked for again, should the request or its answer be lost. */
const ASK_AGAIN_MS = 5_000;

/** Messages that may wait for a decoder, which takes milliseconds to be made. */
const MAX_HELD_MESSAGES = 4_096;

export interface AttachmentOptions {
  readonly peer: PeerId;
  readonly sessionId: string;
  readonly terms: ServerTerms;
  readonly turn: Turn;
}

/** The connection that a session has, and everything about it that is gone when the connection is. */
export class Attachment {
  readonly peer: PeerId;
  readonly #options: AttachmentOptions;
  #lastInbound: number;
  #lastOutbound: number;
  /** When the client was told last how the server is. */
  #lastReport: number;
  /** When what is awaited is asked for again. */
  #askAgainAt = Number.POSITIVE_INFINITY;
  /** What the client sent while the decoder is being made, oldest first. */
  #held: Message[] | undefined;
  /** What an acknowledgement has before its position. */
  #acknowledgement: string | undefined;
  /** Position that the client was told is kept. It may never have got what it was told on an older connection. */
  acknowledged = -1;
  /** The client was told that the session is complete. */
  endSent = false;

  constructor(options: AttachmentOptions) {
    this.#options = options;
    this.peer = options.peer;
    this.#lastInbound = options.turn.now;
    this.#lastOutbound = options.turn.now;
    this.#lastReport = options.turn.now;
  }

  send<T extends ServerMessageType>(t: T, data: ServerData[T], more?: ServerEnvelopeFields): void {
    this.put(encodeServerMessage(t, data, { sid: this.#options.sessionId, ...more }), t);
  }

  put(data: Message, t?: ServerMessageType): void {
    const { turn } = this.#options;
    this.#lastOutbound = turn.now;
    turn.outputs.push(
      t === undefined ? { type: "send", peer: this.peer, data } : { type: "send", peer: this.peer, data, t },
    );
  }

  acknowledge(position: number): void {
    this.acknowledged = position;
    // Most messages are acknowledgements, which differ only in the position.
    this.#acknowledgement ??= encodeServerMessage("audio.ack", { position: 0 }, { sid: this.#options.sessionId }).slice(
      0,
      -"0}}".length,
    );
    this.put(`${this.#acknowledgement}${position}}}`, "audio.ack");
  }

  askFor(position: number): void {
    this.#askAgainAt = this.#options.turn.now + ASK_AGAIN_MS;
    this.send("audio.resync", { position });
  }

  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  /** Keeps a message, and all that follow, until {@link takeHeld}. @throws ShapeError if there are too many. */
  hold(message: Message): void {
    this.#held ??= [];
    if (this.#held.length >= MAX_HELD_MESSAGES) throw new ShapeError("A client must not send so much at once.");
    this.#held.push(message);
  }

  takeHeld(): readonly Message[] {
    const held = this.#held ?? [];
    this.#held = undefined;
    return held;
  }

  /** Something came from the client. */
  hear(): void {
    this.#lastInbound = this.#options.turn.now;
  }

  /** The process slept, so that the client is given half its time anew. */
  wake(): void {
    const { now } = this.#options.turn;
    this.#lastInbound = Math.max(this.#lastInbound, now - this.#options.terms.heartbeatTimeoutMs / 2);
  }

  /** How long the connection may still be silent; `undefined` unless it has been so for longer than is usual. */
  get patienceMs(): number | undefined {
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = this.#options.terms;
    const silentMs = this.#options.turn.now - this.#lastInbound;
    return silentMs > heartbeatIntervalMs ? Math.max(0, heartbeatTimeoutMs - silentMs) : undefined;
  }

  get isOverdue(): boolean {
    return this.#options.turn.now >= this.#lastInbound + this.#options.terms.heartbeatTimeoutMs;
  }

  /** @param awaited position of audio that was asked for and has not come. */
  remind(awaited: number | undefined): void {
    const { now } = this.#options.turn;
    if (awaited !== undefined && now >= this.#askAgainAt) this.askFor(awaited);
    const { heartbeatIntervalMs, systemHeartbeat } = this.#options.terms;
    if (now >= this.#lastOutbound + heartbeatIntervalMs) this.send("server.hb", {});
    if (systemHeartbeat === undefined || now < this.#lastReport + heartbeatIntervalMs) return;
    this.#lastReport = now;
    const lastOutbound = this.#lastOutbound;
    this.send("system.heartbeat", systemHeartbeat());
    // A client may listen for heartbeats alone.
    this.#lastOutbound = lastOutbound;
  }

  /** When something is due, unless something comes or goes before. */
  wakeAt(awaited: number | undefined): number {
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = this.#options.terms;
    return Math.min(
      this.#lastInbound + heartbeatTimeoutMs,
      this.#lastOutbound + heartbeatIntervalMs,
      awaited === undefined ? Number.POSITIVE_INFINITY : this.#askAgainAt,
    );
  }
}
