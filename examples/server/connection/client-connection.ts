import type { Duplex } from "node:stream";
import { CloseCode, encodeServerMessage, fitCloseReason } from "loquilex/protocol";
import { type Clock, type Deferred, deferred, type Scope } from "loquilex/resources";
import type { RawData, WebSocket } from "ws";
import { FrameBudget } from "../door/frame-budget.js";
import { type InboundLimits, InboundPace } from "../door/inbound-pace.js";
import { doFor, type OnFault } from "../fault-owner.js";
import type { Refusal } from "../protocol/opening-judge.js";
import { MessageLane } from "./message-lane.js";
import type { ReadingTurn } from "./reading-turn.js";
import { writeTextFrame } from "./text-frame.js";

/**
 * Bytes of an opening, which a client sends before it is told the limit: room for every field at its longest, a token of
 * 4,096 characters included.
 */
export const MAX_OPENING_BYTES = 65_536;
/** How long a closed connection may take to say goodbye. */
const CLOSE_GRACE_MS = 2_000;
/** How long nothing is read from a client that is too fast. */
const PAUSE_MS = 250;
/** Pauses in a row that a client may cause without any audio that is new: five seconds of a flood. */
const MAX_FRUITLESS_PAUSES = 20;

const TOO_FAST: Refusal = {
  code: CloseCode.overloaded,
  error: "too_many_messages",
  detail: "The client sends more messages than the server takes, and no new audio with them.",
  retryAfterMs: 5_000,
};
const TOO_SHORT: Refusal = {
  code: CloseCode.protocolViolation,
  error: "frames_too_short",
  detail: "The client sends too many frames for the audio in them; a frame should have 5 ms at least.",
};

type Inbound = string | Uint8Array<ArrayBuffer>;

/** A client behind the door. */
export interface ConnectedClient {
  readonly socket: WebSocket;
  /** What the WebSocket reads from. */
  readonly stream: Duplex;
}

export interface ClientConnectionOptions extends ConnectedClient {
  readonly clock: Clock;
  /** The connection's own; ended with it. */
  readonly scope: Scope;
  /** May interrupt the reading. */
  readonly reading: ReadingTurn;
  /** Bytes that may wait for a client to read them. */
  readonly maxBufferedBytes: number;
  /** Bytes of one message, the opening excepted. */
  readonly maxMessageBytes: number;
  /** How fast messages are taken. What is faster is read later. */
  readonly pace: InboundLimits;
  /** The client has said something for the first time. */
  onOpening(): void;
  /**
   * Takes audio about which there is nothing to decide, and keeps nothing of the message, which is in memory that is good
   * until the call returns. @returns `false` if {@link onMessage} has to take the message; nothing has happened then.
   */
  onExpected(message: Uint8Array<ArrayBuffer>): boolean;
  /** @returns whether there was audio in it that the server did not have. */
  onMessage(message: string | Uint8Array<ArrayBuffer>): boolean;
  /** The socket failed; its end follows. */
  onError(error: Error): void;
  /** The client has left more than allowed unread, and the connection is being closed. Called at most once. */
  onUnread(bytes: number): void;
  /** The connection is being closed for this. */
  onRefused(refusal: Refusal): void;
  /** Called once: when the connection ends, or as soon as it is given up. */
  onClosed(code: number): void;
  /** Handling what the client sent went wrong in a way that nothing expected. */
  readonly onFault: OnFault;
}

/** One client's socket: what waits for the client to read it is bounded, and a goodbye that is not answered has an end. */
export class ClientConnection {
  readonly #options: ClientConnectionOptions;
  readonly #ended: Deferred<void> = deferred();
  readonly #pace: InboundPace;
  readonly #frames = new FrameBudget();
  /** What came while nothing was to be read, oldest first: the rest of what had been read at once. */
  #held: Inbound[] = [];
  #fruitlessPauses = 0;
  #givenUp = false;
  #hasOpened = false;

  constructor(options: ClientConnectionOptions) {
    this.#options = options;
    this.#pace = new InboundPace(options.pace, options.clock.now());
    const { socket, stream, scope, maxMessageBytes, reading } = options;
    scope.defer("socket", () => socket.terminate());
    socket.on("error", (error) => options.onError(error));
    const onText = (text: string): void => void doFor(options.onFault, () => this.#receive(text));
    const onBytes = (message: Uint8Array<ArrayBuffer>): void => this.#hear(message);
    MessageLane.lay(stream, socket, reading, { maxBytes: maxMessageBytes, onBytes, onText });
    socket.on("message", (data, isBinary) => {
      doFor(options.onFault, () => this.#receive(isBinary ? toBytes(data) : data.toString()));
    });
    socket.on("close", (code) => {
      void scope.dispose();
      doFor(options.onFault, () => {
        for (const inbound of this.#held) this.#take(inbound);
        this.#reportClosed(code);
      });
      this.#ended.resolve();
    });
  }

  /** Resolves when the socket is gone. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /**
   * Whether the client reads what it is sent. One that does not is given up: nobody can tell it why, and its session
   * waits for it to come back. Answers that belong together are one batch: this is asked before the first of them.
   */
  hasRoom(): boolean {
    const { socket, maxBufferedBytes, onUnread } = this.#options;
    const { bufferedAmount } = socket;
    if (bufferedAmount <= maxBufferedBytes) return true;
    if (!this.#givenUp) {
      onUnread(bufferedAmount);
      this.close(CloseCode.tryAgainLater, "The client does not read what it is sent.");
      this.#reportClosed(CloseCode.tryAgainLater);
    }
    return false;
  }

  send(data: string | Uint8Array): void {
    const { socket, stream } = this.#options;
    if (this.#givenUp || socket.readyState !== socket.OPEN) return;
    // Past the WebSocket, which would write head and text each by itself. What it says of its own it writes at once, too.
    if (typeof data === "string") writeTextFrame(stream, data);
    else socket.send(data);
  }

  close(code: number, reason: string): void {
    const { socket, scope } = this.#options;
    socket.close(code, fitCloseReason(reason));
    // The client's goodbye is behind everything that it has sent before.
    socket.resume();
    scope.timeout(CLOSE_GRACE_MS, () => socket.terminate(), "close grace");
  }

  /** Tells the client why it has to go. */
  refuse(refusal: Refusal): void {
    if (this.#givenUp) return;
    const { code, error, detail, retryAfterMs } = refusal;
    this.send(encodeServerMessage("server.error", { code: error, detail, retry_after_ms: retryAfterMs }));
    this.close(code, detail);
    this.#reportClosed(code);
    this.#options.onRefused(refusal);
  }

  /** The short way of nearly everything that comes. */
  #hear(message: Uint8Array<ArrayBuffer>): void {
    if (this.#takeExpected(message)) return;
    const kept = message.slice();
    doFor(this.#options.onFault, () => this.#receive(kept));
  }

  /** On nobody's behalf, since that would cost more than the rest. @returns whether that was all that there is to do. */
  #takeExpected(message: Uint8Array<ArrayBuffer>): boolean {
    if (this.#givenUp || !this.#hasOpened || this.#held.length > 0) return false;
    if (!this.#pace.hasRoom || !this.#frames.hasRoom) return false;
    const { onExpected, onFault } = this.#options;
    try {
      if (!onExpected(message)) return false;
    } catch (error) {
      onFault(error);
    }
    this.#pace.spend(message.byteLength);
    this.#frames.take(message);
    this.#fruitlessPauses = 0;
    return true;
  }

  #receive(inbound: Inbound): void {
    if (this.#givenUp) return;
    if (this.#held.length === 0 && this.#isTimeFor(sizeOf(inbound))) this.#take(inbound);
    else {
      this.#held.push(inbound);
      if (this.#held.length === 1) this.#pause();
    }
  }

  #isTimeFor(bytes: number): boolean {
    return this.#pace.take(bytes, this.#options.clock.now());
  }

  #pause(): void {
    this.#fruitlessPauses += 1;
    if (this.#fruitlessPauses > MAX_FRUITLESS_PAUSES) {
      this.#held = [];
      this.refuse(TOO_FAST);
      return;
    }
    this.#options.socket.pause();
    this.#options.scope.timeout(PAUSE_MS, () => this.#goOn(), "pause of a client that is too fast");
  }

  #goOn(): void {
    const held = this.#held;
    let taken = 0;
    for (const inbound of held) {
      if (this.#givenUp || !this.#isTimeFor(sizeOf(inbound))) break;
      this.#take(inbound);
      taken += 1;
    }
    this.#held = this.#givenUp ? [] : held.slice(taken);
    if (this.#held.length > 0) this.#pause();
    else this.#options.socket.resume();
  }

  #take(message: Inbound): void {
    if (this.#givenUp) return;
    const { maxMessageBytes, onOpening, onMessage } = this.#options;
    const isOpening = !this.#hasOpened;
    this.#hasOpened = true;
    if (isOpening) onOpening();
    if (!isOpening && sizeOf(message) > maxMessageBytes) {
      this.close(CloseCode.messageTooBig, `A message must not have more than ${maxMessageBytes} bytes.`);
      this.#reportClosed(CloseCode.messageTooBig);
    } else if (typeof message !== "string" && !this.#frames.take(message)) this.refuse(TOO_SHORT);
    else if (onMessage(message)) this.#fruitlessPauses = 0;
  }

  #reportClosed(code: number): void {
    if (this.#givenUp) return;
    this.#givenUp = true;
    this.#options.onClosed(code);
  }
}

const sizeOf = (message: Inbound): number =>
  typeof message === "string" ? Buffer.byteLength(message) : message.byteLength;

/** A view of what came in, which nobody else writes to. */
function toBytes(data: RawData): Uint8Array<ArrayBuffer> {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : data;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
