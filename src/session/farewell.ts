import { CHANCE_MS } from "./connection/answer-deadline.js";
import type { ConnectionId } from "./session-io.js";

/** The end that the application has asked for: until when it must be reached, and where the server was told of it. */
export class Farewell {
  readonly timeoutMs: number;
  #deadline: number;
  #saidOn: ConnectionId | undefined;
  /** The deadline was put off once already. */
  #isExcused = false;

  constructor(timeoutMs: number, now: number) {
    this.timeoutMs = timeoutMs;
    this.#deadline = now + timeoutMs;
  }

  get deadline(): number {
    return this.#deadline;
  }

  wasSaidOn(connection: ConnectionId): boolean {
    return this.#saidOn === connection;
  }

  saidOn(connection: ConnectionId): void {
    this.#saidOn = connection;
  }

  /** The server lacks audio before the end, so that the end has to be said again after it. */
  takeBack(): void {
    this.#saidOn = undefined;
  }

  /** Nobody could act for a while, so the deadline leaves another chance, once. */
  excuse(now: number): void {
    if (this.#isExcused) return;
    this.#isExcused = true;
    this.#deadline = Math.max(this.#deadline, now + Math.min(CHANCE_MS, this.timeoutMs));
  }
}
