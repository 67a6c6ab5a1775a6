import type { EngineFormat } from "../engine.js";
import { Segmenter } from "../segmenter.js";

/** Kept around each segment, since speech begins and ends quietly. */
const MARGIN_SEC = 0.25;
/** Kept while nobody speaks: what the detector may find later to be speech, and the margin. */
const MEMORY_SEC = 1;

/** Something that was said, as sound. */
export interface SpokenSegment {
  /** Positions of what was said. */
  readonly from: number;
  readonly to: number;
  /** Position of the first of the samples. */
  readonly soundFrom: number;
  readonly samples: readonly Uint8Array[];
}

interface Piece {
  readonly position: number;
  readonly samples: Uint8Array;
}

/** Cuts one channel of sound into what is said between silences. */
export class SpokenSegments {
  readonly #format: EngineFormat;
  readonly #onSegment: (segment: SpokenSegment) => void;
  readonly #segmenter: Segmenter;
  /** Copies, oldest first, without holes. */
  #pieces: Piece[] = [];
  #openFrom: number | undefined;

  /** @param format of one channel. */
  constructor(format: EngineFormat, startPosition: number, onSegment: (segment: SpokenSegment) => void) {
    this.#format = format;
    this.#onSegment = onSegment;
    this.#segmenter = new Segmenter({
      format,
      startPosition,
      onSegment: ({ from, to, final }) => {
        this.#openFrom = final ? undefined : from;
        if (final) this.#cut(from, to);
      },
    });
  }

  write(samples: Uint8Array, position: number): void {
    this.#pieces.push({ position, samples: Uint8Array.from(samples) });
    this.#segmenter.write(samples, position);
    const end = position + samples.byteLength / 2;
    const needed = Math.min(this.#openFrom ?? end, end - MEMORY_SEC * this.#format.sampleRate) - this.#margin;
    const first = this.#pieces.findIndex((piece) => endOf(piece) > needed);
    if (first > 0) this.#pieces.splice(0, first);
  }

  gap(from: number, to: number): void {
    this.#segmenter.gap(from, to);
    this.#pieces = [];
  }

  end(): void {
    this.#segmenter.end();
  }

  get #margin(): number {
    return MARGIN_SEC * this.#format.sampleRate;
  }

  #cut(from: number, to: number): void {
    const [least, most] = [from - this.#margin, to + this.#margin];
    const pieces = this.#pieces.filter((piece) => endOf(piece) > least && piece.position < most);
    const soundFrom = pieces[0]?.position ?? from;
    this.#onSegment({ from, to, soundFrom, samples: pieces.map(({ samples }) => samples) });
  }
}

const endOf = ({ position, samples }: Piece): number => position + samples.byteLength / 2;
