import type { ConnectionId } from "../session-io.js";
import { ServerComplaints } from "./server-complaints.js";

/** What a deadline leaves at least once nobody could act for a while, so that what waits to be read is read first. */
export const CHANCE_MS = 2_000;

/** One connection from the moment in which it is asked for: until when it must be answered, and what the server complained of. */
export class Attempt {
  readonly connection: ConnectionId;
  readonly complaints = new ServerComplaints();
  readonly #timeoutMs: number;
  #deadline: number;
  #openedAt: number;
  #isWelcomed = false;
  #isExcused = false;
  /** Last of the messages that the server is sending again, which are part of its answer. */
  #replayTo = 0;

  constructor(connection: ConnectionId, timeoutMs: number, now: number) {
    this.connection = connection;
    this.#timeoutMs = timeoutMs;
    this.#deadline = now + timeoutMs;
    this.#openedAt = now;
  }

  get deadline(): number {
    return this.#deadline;
  }

  /** When the first message went out. */
  get openedAt(): number {
    return this.#openedAt;
  }

  opened(now: number): void {
    this.#openedAt = now;
  }

  /** The first part of the answer is here, and the rest has its time; a server that only repeats itself gains none. */
  welcomed(now: number): void {
    if (!this.#isWelcomed) this.#deadline = now + this.#timeoutMs;
    this.#isWelcomed = true;
  }

  /** The server is going to send its messages up to this number again. */
  replays(to: number, now: number): void {
    if (to <= this.#replayTo) return;
    this.#replayTo = to;
    this.#deadline = now + this.#timeoutMs;
  }

  /** A numbered message was delivered. */
  delivered(seq: number, now: number): void {
    if (seq <= this.#replayTo) this.#deadline = now + this.#timeoutMs;
  }

  /** Nobody could act for a while, so the deadline leaves another chance, once. */
  excuse(now: number): void {
    if (this.#isExcused) return;
    this.#isExcused = true;
    this.#deadline = Math.max(this.#deadline, now + Math.min(CHANCE_MS, this.#timeoutMs));
  }
}
