import type { Socket } from "node:net";
import { systemClock } from "loquilex/resources";

export type Direction = "toServer" | "toClient";

export type Mode = "pass" | "hold" | "swallow";

/** What holds for one direction of every connection. */
export class Path {
  mode: Mode = "pass";
  bytesPerSecond: number | undefined;
  /** How long everything is on its way. */
  delayMs = 0;
  /** Count of delivered bytes at which everything is cut. */
  cutAt: number | undefined;
  deliveredBytes = 0;
  /** When the next byte may be delivered under {@link bytesPerSecond}, on the `performance.now()` clock. */
  freeAt = 0;
}

export interface LinkEvents {
  onChange(): void;
  onCut(): void;
  onEnd(): void;
}

/** So much may wait under a throttle; beyond it the sender has to wait, as on a real slow link. */
const THROTTLED_QUEUE_BYTES = 65_536;

/** The largest piece delivered at once under a throttle, so that its rate holds from moment to moment as well. */
const THROTTLED_PIECE_MS = 20;

/** One client's connection and the one made for it. */
export class Link {
  readonly #lanes: Record<Direction, Lane>;
  readonly #paths: Record<Direction, Path>;
  readonly #events: LinkEvents;
  #ended = false;
  /** The reset is decided, and nothing more may get through before it comes. */
  #cutting = false;
  readonly #stranded = new Set<Direction>();

  constructor(client: Socket, server: Socket, paths: Record<Direction, Path>, events: LinkEvents) {
    this.#paths = paths;
    this.#events = events;
    this.#lanes = { toServer: new Lane(client, server), toClient: new Lane(server, client) };
    for (const direction of ["toServer", "toClient"] as const) {
      const { from, queue } = this.#lanes[direction];
      from.on("data", (bytes) => this.#arrives(direction, () => this.#take(direction, bytes)));
      from.on("end", () =>
        this.#arrives(direction, () => {
          if (this.#modeOf(direction) === "swallow") return;
          queue.push("end");
          this.pump();
        }),
      );
      // Whatever broke, "close" follows, and it is all a proxy can pass on.
      from.on("error", () => {});
      from.on("close", () => this.#arrives(direction, () => this.#closed(direction)));
    }
  }

  heldBytes(direction: Direction): number {
    return this.#lanes[direction].queue.reduce((sum, item) => sum + (item === "end" ? 0 : item.byteLength), 0);
  }

  /** Swallows everything in these directions from now on, whatever holds for the others. */
  strand(directions: readonly Direction[]): void {
    for (const direction of directions) this.#stranded.add(direction);
    this.pump();
  }

  pump(): void {
    for (const direction of ["toServer", "toClient"] as const) this.#deliver(direction);
  }

  reset(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const lane of Object.values(this.#lanes)) {
      lane.cancel();
      lane.from.resetAndDestroy();
    }
    this.#events.onEnd();
  }

  #arrives(direction: Direction, callback: () => void): void {
    this.#lanes[direction].after(this.#paths[direction].delayMs, () => this.#ended || callback());
  }

  #take(direction: Direction, bytes: Buffer): void {
    if (this.#modeOf(direction) !== "swallow") this.#lanes[direction].queue.push(bytes);
    this.#deliver(direction);
    if (this.#paths[direction].bytesPerSecond !== undefined && this.heldBytes(direction) > THROTTLED_QUEUE_BYTES) {
      this.#lanes[direction].from.pause();
    }
    this.#events.onChange();
  }

  #deliver(direction: Direction): void {
    const path = this.#paths[direction];
    const lane = this.#lanes[direction];
    const mode = this.#modeOf(direction);
    if (mode === "swallow") lane.queue.length = 0;
    while (mode === "pass" && !this.#ended && !this.#cutting && lane.queue.length > 0) {
      const head = lane.queue[0];
      if (head === undefined) return;
      if (head === "end") {
        lane.queue.shift();
        lane.to.end();
        continue;
      }
      const now = systemClock.now();
      if (path.bytesPerSecond !== undefined && path.freeAt > now) {
        lane.wakeIn(path.freeAt - now, () => this.#deliver(direction));
        return;
      }
      const piece = head.subarray(0, this.#allowedBytes(path));
      if (piece.byteLength === head.byteLength) lane.queue.shift();
      else lane.queue[0] = head.subarray(piece.byteLength);
      lane.to.write(piece);
      path.deliveredBytes += piece.byteLength;
      path.freeAt = now + (piece.byteLength * 1_000) / (path.bytesPerSecond ?? Number.POSITIVE_INFINITY);
      if (path.deliveredBytes === path.cutAt) {
        path.cutAt = undefined;
        // The last bytes are still on their way to the kernel, and a reset at once would take them back.
        this.#cutting = true;
        lane.to.write("", () => this.#events.onCut());
      }
      this.#events.onChange();
    }
    if (lane.from.isPaused() && this.heldBytes(direction) <= THROTTLED_QUEUE_BYTES) lane.from.resume();
    if (lane.from.destroyed) this.#closed(direction);
  }

  #modeOf(direction: Direction): Mode {
    return this.#stranded.has(direction) ? "swallow" : this.#paths[direction].mode;
  }

  #allowedBytes(path: Path): number {
    const throttled =
      path.bytesPerSecond === undefined
        ? Number.POSITIVE_INFINITY
        : Math.max(1, Math.floor((path.bytesPerSecond * THROTTLED_PIECE_MS) / 1_000));
    const beforeCut = path.cutAt === undefined ? Number.POSITIVE_INFINITY : path.cutAt - path.deliveredBytes;
    return Math.min(throttled, beforeCut);
  }

  /** One side is gone. In a black hole the other side must not hear of it; otherwise both are. */
  #closed(direction: Direction): void {
    if (this.#ended) return;
    if (this.#modeOf(direction) !== "pass") return;
    const { from, to, queue } = this.#lanes[direction];
    if (queue.length > 0) return;
    if (from.errored !== null) this.reset();
    else if (to.destroyed) {
      this.#ended = true;
      this.#events.onEnd();
    } else to.end();
  }
}

/** One direction of a connection. */
class Lane {
  readonly from: Socket;
  readonly to: Socket;
  readonly queue: (Buffer | "end")[] = [];
  #cancelWake: () => void = () => {};
  /** What is on its way, in order. */
  readonly #onItsWay: (() => void)[] = [];
  /** When the last of it arrives, on the `performance.now()` clock. */
  #lastArrivesAt = 0;
  readonly #cancels = new Set<() => void>();

  constructor(from: Socket, to: Socket) {
    this.from = from;
    this.to = to;
  }

  wakeIn(delayMs: number, callback: () => void): void {
    this.#cancelWake();
    this.#cancelWake = systemClock.schedule(delayMs, callback);
  }

  /** Calls back after so long, and never before what set out earlier, however long that takes. */
  after(delayMs: number, callback: () => void): void {
    const now = systemClock.now();
    if (this.#onItsWay.length === 0 && delayMs === 0) {
      callback();
      return;
    }
    this.#lastArrivesAt = Math.max(now + delayMs, this.#lastArrivesAt);
    this.#onItsWay.push(callback);
    const cancel = systemClock.schedule(this.#lastArrivesAt - now, () => {
      this.#cancels.delete(cancel);
      // Two timers that end in the same millisecond may fire in either order.
      this.#onItsWay.shift()?.();
    });
    this.#cancels.add(cancel);
  }

  cancel(): void {
    this.#cancelWake();
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }
}
