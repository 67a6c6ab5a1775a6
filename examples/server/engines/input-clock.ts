/** Pieces of input that are remembered, which is more than the longest segment has. */
const MAX_PIECES = 1_000;

/** Samples of an engine's input that follow each other in the stream as well. */
interface Piece {
  /** Where its first sample is in the input. */
  readonly at: number;
  /** Where the same sample is in the stream. */
  readonly position: number;
}

/** Knows where in the stream an engine's input is from: a gap is shorter in the input than in the stream. */
export class InputClock {
  readonly #sampleRate: number;
  readonly #pieces: Piece[] = [];
  readonly #startPosition: number;
  /** Samples of the input so far, and the position in the stream of what follows. */
  #at = 0;
  #position: number;

  constructor(sampleRate: number, startPosition: number) {
    this.#sampleRate = sampleRate;
    this.#startPosition = startPosition;
    this.#position = startPosition;
    this.#pieces.push({ at: 0, position: startPosition });
  }

  /** Position after what was put in. */
  get position(): number {
    return this.#position;
  }

  /** Samples that follow. */
  advance(samples: number): void {
    this.#at += samples;
    this.#position += samples;
  }

  /** The input has this much silence in place of what lies before `position`. */
  skip(silence: number, position: number): void {
    this.#at += silence;
    this.#position = position;
    this.#pieces.push({ at: this.#at, position });
    if (this.#pieces.length > MAX_PIECES) this.#pieces.shift();
  }

  /** @param seconds since the input began. @returns a position that the input has been at. */
  toStream(seconds: number): number {
    const at = Math.round(seconds * this.#sampleRate);
    const index = this.#pieces.findLastIndex((piece) => piece.at <= at);
    const piece = this.#pieces[index];
    if (piece === undefined) return this.#startPosition;
    // Silence in place of a gap belongs to the gap.
    const end = this.#pieces[index + 1]?.position ?? this.#position;
    return Math.min(piece.position + at - piece.at, end);
  }
}
