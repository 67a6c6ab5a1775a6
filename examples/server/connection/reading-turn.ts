import type { Clock, Scope } from "loquilex/resources";
import { forEverybody } from "../fault-owner.js";

/** How long sockets may be read before everything else has its turn, in milliseconds. */
const MAX_READING_MS = 200;

/** Where a socket reads from. */
export interface ReadHandle {
  /** Whether somebody wants what comes. */
  readonly reading: boolean;
  readStart(): void;
  readStop(): void;
}

/**
 * Interrupts the reading of sockets when it has gone on for long, so that timers, threads and the disk get their turn. Node.js
 * does not see to that: it asks for more sockets up to 48 times in a row as long as 1,024 or more have something, and
 * reads each until it is empty. A server that is a little behind three thousand clients would read for half a minute then
 * without writing or acknowledging anything, and would never catch up. What is not read waits with the clients, whose
 * windows close.
 */
export class ReadingTurn {
  readonly #clock: Clock;
  readonly #scope: Scope;
  /** The one that was read longest ago comes first: in this order they are read again after an interruption. */
  readonly #handles = new Set<ReadHandle>();
  /** When the first socket was read since everything else had its turn. */
  #since: number | undefined;
  #interrupted = false;

  constructor(clock: Clock, scope: Scope) {
    this.#clock = clock;
    this.#scope = scope;
  }

  join(handle: ReadHandle): void {
    this.#handles.add(handle);
  }

  leave(handle: ReadHandle): void {
    this.#handles.delete(handle);
  }

  /** Something was read. */
  read(handle: ReadHandle): void {
    if (this.#interrupted || this.#scope.disposed) return;
    if (this.#handles.delete(handle)) this.#handles.add(handle);
    const now = this.#clock.now();
    if (this.#since === undefined) {
      this.#since = now;
      // Comes when the event loop turns, which is what is waited for.
      forEverybody(() => this.#scope.timeout(0, () => this.#turned(), "turn of the event loop"));
    } else if (now - this.#since >= MAX_READING_MS) {
      this.#interrupted = true;
      for (const handle of this.#handles) handle.readStop();
    }
  }

  #turned(): void {
    this.#since = undefined;
    if (!this.#interrupted) return;
    this.#interrupted = false;
    for (const handle of this.#handles) if (handle.reading) handle.readStart();
  }
}
