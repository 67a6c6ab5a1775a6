import { isUtf8 } from "node:buffer";
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import { LENGTH_16, LENGTH_64, WHOLE_TEXT_MESSAGE } from "./frame-head.js";
import { readInPlace } from "./read-in-place.js";
import type { ReadingTurn } from "./reading-turn.js";
import { unmask } from "./unmask.js";

/** The first byte of a final frame with bytes in it and nothing reserved. */
const WHOLE_BINARY_MESSAGE = 0x82;
const FINAL = 0x80;
const OPCODE = 0x0f;
const FIRST_CONTROL = 8;
const GOODBYE = 8;
const MASKED = 0x80;
const MASK_BYTES = 4;

export interface MessageLaneOptions {
  /** What is longer is the WebSocket's. */
  readonly maxBytes: number;
  /** Takes bytes, in their order, that are no whole message. */
  toWebSocket(chunk: Buffer): void;
  /** Takes a binary message, unmasked, in memory that is good until the call returns. */
  onBytes(message: Uint8Array<ArrayBuffer>): void;
  onText(message: string): void;
}

/**
 * Takes whole messages straight out of what a socket has brought: nearly everything that ever comes is one, and
 * the WebSocket's own way of reading them, which has to be ready for everything, costs several times as much. It decides
 * nothing: what is in pieces, compressed, too long or against the rules goes to the WebSocket as it came.
 */
export class MessageLane {
  readonly #options: MessageLaneOptions;
  /** Bytes of the frame that the WebSocket is in the middle of. */
  #left = 0;
  /** That frame is a whole binary message with which nothing can be wrong any more. */
  #isPlain = false;
  /** The beginning of a frame whose head has not come as a whole; the WebSocket has it already. */
  readonly #head: number[] = [];
  /** The WebSocket is in the middle of a message of several frames. */
  #inPieces = false;
  /** The client has said goodbye, and nothing after it is heard. */
  #isOver = false;

  constructor(options: MessageLaneOptions) {
    this.#options = options;
  }

  /** Stands between a socket and its WebSocket from now on. */
  static lay(
    stream: Duplex,
    socket: WebSocket,
    turn: ReadingTurn,
    options: Omit<MessageLaneOptions, "toWebSocket">,
  ): void {
    const listeners = stream.listeners("data");
    let inPlace = false;
    const toWebSocket = (chunk: Buffer): void => {
      const kept = inPlace ? Buffer.from(chunk) : chunk;
      for (const listener of listeners) listener.call(stream, kept);
    };
    const lane = new MessageLane({ ...options, toWebSocket });
    stream.removeAllListeners("data");
    stream.on("data", (chunk: Buffer) => lane.push(chunk));
    inPlace = readInPlace(stream, (chunk) => lane.push(chunk), turn);
    // From the first violation on it reads nothing more, and no longer takes itself off the socket.
    socket.on("error", () => lane.end());
  }

  push(chunk: Buffer): void {
    if (this.#isOver && this.#left === 0) return;
    let at = this.#giveRest(chunk);
    while (this.#isBetweenMessages) {
      const from = payloadOfMessageAt(chunk, at);
      const end = from + payloadBytes(chunk, at);
      if (from === 0 || end > chunk.byteLength || end - from > this.#options.maxBytes) break;
      unmask(chunk, from, end);
      const message = new Uint8Array(chunk.buffer as ArrayBuffer, chunk.byteOffset + from, end - from);
      if (chunk[at] === WHOLE_BINARY_MESSAGE) this.#options.onBytes(message);
      else if (isUtf8(message)) this.#options.onText(chunk.toString("utf8", from, end));
      else {
        // As it came.
        unmask(chunk, from, end);
        break;
      }
      at = end;
    }
    // All that is left of the chunk is the WebSocket's, since it may find what comes first to be against the rules.
    if (at < chunk.byteLength) this.#giveAway(at === 0 ? chunk : chunk.subarray(at));
  }

  /**
   * The WebSocket gets the end of a message of which it has the beginning, and no more: with a server that is behind, whatever
   * is read ends in the middle of a message, and all that ever follows would go the long way. @returns where the rest begins.
   */
  #giveRest(chunk: Buffer): number {
    const rest = this.#left;
    if (!this.#isPlain || rest === 0 || rest > chunk.byteLength) return 0;
    this.#left = 0;
    this.#options.toWebSocket(chunk.subarray(0, rest));
    return rest;
  }

  /** Lets go of whatever comes from now on. */
  end(): void {
    this.#isOver = true;
    this.#left = 0;
  }

  get #isBetweenMessages(): boolean {
    return this.#left === 0 && this.#head.length === 0 && !this.#inPieces && !this.#isOver;
  }

  #giveAway(chunk: Buffer): void {
    for (let at = 0; at < chunk.byteLength; ) {
      const inFrame = Math.min(this.#left, chunk.byteLength - at);
      this.#left -= inFrame;
      at += inFrame;
      const byte = chunk[at];
      if (byte === undefined) break;
      this.#followHead(byte);
      at += 1;
    }
    this.#options.toWebSocket(chunk);
  }

  #followHead(byte: number): void {
    const head = this.#head;
    head.push(byte);
    const [first = 0, second = 0] = head;
    const length = second & ~MASKED;
    const lengthBytes = length === LENGTH_64 ? 8 : length === LENGTH_16 ? 2 : 0;
    if (head.length < 2 + lengthBytes + MASK_BYTES) return;
    const longLength = head.slice(2, 2 + lengthBytes).reduce((sum, next) => 256 * sum + next, 0);
    this.#left = lengthBytes === 0 ? length : longLength;
    head.length = 0;
    const isMasked = (second & MASKED) !== 0;
    this.#isPlain =
      first === WHOLE_BINARY_MESSAGE && isMasked && !this.#inPieces && this.#left <= this.#options.maxBytes;
    const opcode = first & OPCODE;
    if (opcode < FIRST_CONTROL) this.#inPieces = (first & FINAL) === 0;
    else if (opcode === GOODBYE) this.#isOver = true;
  }
}

/** Where the payload begins; 0 if the frame is no whole, masked message with something in it. */
function payloadOfMessageAt(chunk: Uint8Array, at: number): number {
  const second = chunk[at + 1] ?? 0;
  if (chunk[at] !== WHOLE_BINARY_MESSAGE && chunk[at] !== WHOLE_TEXT_MESSAGE) return 0;
  if (second <= MASKED || second === (MASKED | LENGTH_64)) return 0;
  return at + 2 + (second === (MASKED | LENGTH_16) ? 2 : 0) + MASK_BYTES;
}

function payloadBytes(chunk: Uint8Array, at: number): number {
  const length = (chunk[at + 1] ?? 0) & ~MASKED;
  return length === LENGTH_16 ? 256 * (chunk[at + 2] ?? 0) + (chunk[at + 3] ?? 0) : length;
}
