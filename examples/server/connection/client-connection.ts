import { CloseCode, fitCloseReason } from "loquilex/protocol";
import { type Deferred, deferred, type Scope } from "loquilex/resources";
import type { RawData, WebSocket } from "ws";
import { doFor, type OnFault } from "../fault-owner.js";

/**
 * Bytes of an opening, which a client sends before it is told the limit: room for every field at its longest, a token of
 * 4,096 characters included.
 */
export const MAX_OPENING_BYTES = 65_536;
/** How long a closed connection may take to say goodbye. */
const CLOSE_GRACE_MS = 2_000;

export interface ClientConnectionOptions {
  readonly socket: WebSocket;
  /** The connection's own; ended with it. */
  readonly scope: Scope;
  /** Bytes that may wait for a client to read them. */
  readonly maxBufferedBytes: number;
  /** Bytes of one message, the opening excepted. */
  readonly maxMessageBytes: number;
  onMessage(data: string | Uint8Array<ArrayBuffer>): void;
  /** The socket failed; its end follows. */
  onError(error: Error): void;
  /** The client has left more than allowed unread, and the connection is being closed. Called at most once. */
  onUnread(bytes: number): void;
  /** Called once: when the connection ends, or as soon as it is given up. */
  onClosed(code: number): void;
  /** Handling what the client sent went wrong in a way that nothing expected. */
  readonly onFault: OnFault;
}

/** One client's socket: what waits for the client to read it is bounded, and a goodbye that is not answered has an end. */
export class ClientConnection {
  readonly #options: ClientConnectionOptions;
  readonly #ended: Deferred<void> = deferred();
  #givenUp = false;
  #hasOpened = false;

  constructor(options: ClientConnectionOptions) {
    this.#options = options;
    const { socket, scope } = options;
    scope.defer("socket", () => socket.terminate());
    socket.on("error", (error) => options.onError(error));
    socket.on("message", (data, isBinary) => {
      doFor(options.onFault, () => this.#receive(data, isBinary));
    });
    socket.on("close", (code) => {
      void scope.dispose();
      doFor(options.onFault, () => this.#reportClosed(code));
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

  send(data: string): void {
    if (!this.#givenUp) this.#options.socket.send(data);
  }

  close(code: number, reason: string): void {
    const { socket, scope } = this.#options;
    socket.close(code, fitCloseReason(reason));
    scope.timeout(CLOSE_GRACE_MS, () => socket.terminate(), "close grace");
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#givenUp) return;
    const message = isBinary ? toBytes(data) : data.toString();
    const { maxMessageBytes } = this.#options;
    const isOpening = !this.#hasOpened;
    this.#hasOpened = true;
    if (isOpening || sizeOf(data) <= maxMessageBytes) this.#options.onMessage(message);
    else {
      this.close(CloseCode.messageTooBig, `A message must not have more than ${maxMessageBytes} bytes.`);
      this.#reportClosed(CloseCode.messageTooBig);
    }
  }

  #reportClosed(code: number): void {
    if (this.#givenUp) return;
    this.#givenUp = true;
    this.#options.onClosed(code);
  }
}

const sizeOf = (data: RawData): number =>
  Array.isArray(data) ? data.reduce((sum, part) => sum + part.byteLength, 0) : data.byteLength;

/** A view of what came in, which nobody else writes to. */
function toBytes(data: RawData): Uint8Array<ArrayBuffer> {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : data;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  return new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
}
