import type { CaptureEncoding } from "../port-messages.js";

const BYTES: Readonly<Record<CaptureEncoding, number>> = { pcm_s16le: 2, pcm_f32le: 4, mulaw: 1 };

/** Reads the samples of encoded frames, between −1 and 1, interleaved. Of what it allocates only a view does not last. */
export class FrameReader {
  readonly #bytes: number;
  readonly #decode: Decoder;
  #values = new Float32Array();

  constructor(encoding: CaptureEncoding) {
    this.#bytes = BYTES[encoding];
    this.#decode = DECODERS[encoding];
  }

  /** @returns the samples, good until the next call; may be followed by others. */
  read(payload: ArrayBuffer): Float32Array {
    const count = payload.byteLength / this.#bytes;
    if (this.#values.length < count) this.#values = new Float32Array(count);
    this.#decode(new DataView(payload), this.#values, count);
    return this.#values;
  }
}

/** Each has its own loop: a number that a function of several returns for each sample would be allocated. */
type Decoder = (from: DataView, to: Float32Array, count: number) => void;

const DECODERS: Readonly<Record<CaptureEncoding, Decoder>> = {
  pcm_s16le(from, to, count) {
    for (let index = 0; index < count; index += 1) to[index] = from.getInt16(2 * index, true) / 32_768;
  },
  pcm_f32le(from, to, count) {
    for (let index = 0; index < count; index += 1) to[index] = from.getFloat32(4 * index, true);
  },
  // ITU-T G.711 µ-law: sign, segment and step, all bits inverted.
  mulaw(from, to, count) {
    for (let index = 0; index < count; index += 1) {
      const bits = ~from.getUint8(index);
      const magnitude = ((((bits & 0x0f) << 3) + 132) << ((bits >> 4) & 7)) - 132;
      to[index] = ((bits & 0x80) === 0 ? magnitude : -magnitude) / 32_768;
    }
  },
};
