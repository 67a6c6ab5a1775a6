import type { CaptureEncoding } from "../port-messages.js";

const BYTES: Readonly<Record<CaptureEncoding, number>> = { pcm_s16le: 2, pcm_f32le: 4, mulaw: 1 };

/** Reads the samples of encoded frames, between −1 and 1, interleaved. Allocates nothing once it has seen the longest frame. */
export class FrameReader {
  readonly #bytes: number;
  readonly #valueAt: (view: DataView, byte: number) => number;
  #values = new Float32Array();

  constructor(encoding: CaptureEncoding) {
    this.#bytes = BYTES[encoding];
    this.#valueAt = READERS[encoding];
  }

  /** @returns the samples, good until the next call; may be followed by others. */
  read(payload: ArrayBuffer): Float32Array {
    const count = payload.byteLength / this.#bytes;
    if (this.#values.length < count) this.#values = new Float32Array(count);
    const view = new DataView(payload);
    for (let index = 0; index < count; index += 1) this.#values[index] = this.#valueAt(view, index * this.#bytes);
    return this.#values;
  }
}

const READERS: Readonly<Record<CaptureEncoding, (view: DataView, byte: number) => number>> = {
  pcm_s16le: (view, byte) => view.getInt16(byte, true) / 32_768,
  pcm_f32le: (view, byte) => view.getFloat32(byte, true),
  mulaw: (view, byte) => fromMulaw(view.getUint8(byte)) / 32_768,
};

/** ITU-T G.711 µ-law: sign, segment and step, all bits inverted. */
function fromMulaw(byte: number): number {
  const bits = ~byte;
  const magnitude = ((((bits & 0x0f) << 3) + 132) << ((bits >> 4) & 7)) - 132;
  return (bits & 0x80) === 0 ? magnitude : -magnitude;
}
