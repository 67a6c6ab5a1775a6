import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { Scope } from "loquilex/resources";
import type { Fault } from "./fault.js";

/** Half of what PCM at 16 kHz needs, and five times what Opus needs. */
const SLOW_BYTES_PER_SECOND = 16_000;
const SLICE_MS = 50;
const SLICE_BYTES = (SLOW_BYTES_PER_SECOND * SLICE_MS) / 1_000;

/** A connection that can be made bad. Without a fault it passes everything on as it comes. */
export class FaultySocket extends Duplex {
  readonly #socket: Socket;
  readonly #scope: Scope;
  #fault: Fault | undefined;
  /** What may still go through in the slice of time that runs, while the line is slow. */
  #room = { in: 0, out: 0 };
  #isWanted = false;
  #pending: { chunk: Buffer; readonly done: (error?: Error | null) => void } | undefined;

  /** @param scope the connection's own; ended with it. */
  constructor(socket: Socket, scope: Scope, fault: Fault | undefined) {
    super();
    this.#socket = socket;
    this.#scope = scope;
    // The web server's limit for idle sockets stays: heartbeats are more frequent than it.
    socket.setNoDelay();
    scope.defer("faulty socket", () => this.destroy());
    socket.on("readable", () => this.#pull());
    socket.on("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    this.suffer(fault);
  }

  /** From now on; `undefined` heals it. */
  suffer(fault: Fault | undefined): void {
    this.#fault = fault;
    if (fault === "cut") this.#socket.resetAndDestroy();
    else if (fault === "slow") this.#nextSlice();
    this.#pass();
  }

  override _read(): void {
    this.#isWanted = true;
    this.#pull();
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#pending = { chunk, done };
    this.#push();
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    void this.#scope.dispose();
    this.#socket.destroy();
    done(error);
  }

  #nextSlice(): void {
    if (this.#fault !== "slow") return;
    this.#room = { in: SLICE_BYTES, out: SLICE_BYTES };
    this.#scope.timeout(SLICE_MS, () => this.#nextSlice(), "slice of a slow line");
    this.#pass();
  }

  #pass(): void {
    this.#pull();
    this.#push();
  }

  /** What is not read here makes the kernel hold the far end back, as a line that delivers nothing does. */
  #pull(): void {
    if (!this.#isWanted || this.#fault === "black-hole") return;
    const { readableLength } = this.#socket;
    const bytes = this.#fault === "slow" ? Math.min(this.#room.in, readableLength) : readableLength;
    // Asking for more than there is would return nothing, and asking for nothing is how the end is noticed.
    if (bytes === 0 && readableLength > 0) return;
    const chunk: Buffer | null = this.#socket.read(bytes);
    if (chunk === null) return;
    this.#room.in -= chunk.byteLength;
    this.#isWanted = false;
    this.push(chunk);
  }

  #push(): void {
    const pending = this.#pending;
    if (pending === undefined || this.#fault === "black-hole") return;
    const bytes =
      this.#fault === "slow" ? Math.min(this.#room.out, pending.chunk.byteLength) : pending.chunk.byteLength;
    if (bytes === 0) return;
    const rest = pending.chunk.subarray(bytes);
    this.#room.out -= bytes;
    if (rest.byteLength > 0) {
      this.#socket.write(pending.chunk.subarray(0, bytes));
      pending.chunk = rest;
      return;
    }
    this.#pending = undefined;
    this.#socket.write(pending.chunk, pending.done);
  }
}
