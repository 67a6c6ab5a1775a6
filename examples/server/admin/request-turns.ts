import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests that may wait for an answer on one connection. More are a flood: no client needs so many. */
const MAX_WAITING = 64;

/**
 * Requests of one connection that come without waiting for each other's answers (pipelining). An answer that is not yet its
 * connection's turn hears nothing of the connection's end, and whatever was opened for it would stay open; so each request
 * begins when it is its turn.
 */
export class RequestTurns {
  readonly #waiting = new WeakMap<Socket, number>();

  /** Calls back now, or when all requests before this one are answered, or never if the connection ends before. */
  wait({ socket }: IncomingMessage, response: ServerResponse, answer: () => void): void {
    // Node gives a response its connection when it is its turn.
    if (response.socket !== null) {
      answer();
      return;
    }
    const waiting = this.#count(socket, 1);
    if (waiting > MAX_WAITING) socket.destroy();
    response.once("socket", () => {
      this.#count(socket, -1);
      answer();
    });
  }

  #count(socket: Socket, change: number): number {
    const waiting = (this.#waiting.get(socket) ?? 0) + change;
    this.#waiting.set(socket, waiting);
    return waiting;
  }
}
