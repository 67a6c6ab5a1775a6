import type { Piece } from "./sample-encoder.js";

/** Audio on its way into an encoder, and as much of what went in as may be needed again. */
export class PieceQueue {
  /** In order, without a break. */
  #pieces: Piece[] = [];
  #taken = 0;
  #waitingBytes = 0;

  /** Bytes of what has not been taken. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** What is to be taken next; `undefined` if all has been taken. */
  get next(): Piece | undefined {
    return this.#pieces[this.#taken];
  }

  /** Position after what has been taken; `undefined` if nothing of it is held. */
  get takenTo(): number | undefined {
    const last = this.#pieces[this.#taken - 1];
    return last === undefined ? undefined : last.position + last.sampleCount;
  }

  push(piece: Piece): void {
    this.#pieces.push(piece);
    this.#waitingBytes += piece.payload?.byteLength ?? 0;
  }

  /** {@link next} has been taken. */
  advance(): void {
    this.#waitingBytes -= this.next?.payload?.byteLength ?? 0;
    this.#taken += 1;
  }

  /** What has audio from this position on, taken or not. */
  from(position: number): Piece[] {
    return this.#pieces.filter((piece) => piece.position + piece.sampleCount > position);
  }

  /** Lets go of what has been taken, and has nothing from this position on. */
  forgetBefore(position: number): void {
    let count = 0;
    for (const piece of this.#pieces) {
      if (count === this.#taken || piece.position + piece.sampleCount > position) break;
      count += 1;
    }
    this.#pieces.splice(0, count);
    this.#taken -= count;
  }

  clear(): void {
    this.#pieces = [];
    this.#taken = 0;
    this.#waitingBytes = 0;
  }
}
