import type { StoredEncoding } from "../../recording/files/wav-header.js";

/** The mean of the channels, from −1 to 1; what is no number is silence. */
export function toMono(payload: Uint8Array, encoding: StoredEncoding, channels: number): Float32Array<ArrayBuffer> {
  const { bytes, read } = READERS[encoding];
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const mono = new Float32Array(payload.byteLength / (bytes * channels));
  for (let index = 0; index < mono.length; index += 1) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel += 1) sum += read(view, (index * channels + channel) * bytes);
    const mean = sum / channels;
    mono[index] = Math.abs(mean) < Infinity ? Math.max(-1, Math.min(1, mean)) : 0;
  }
  return mono;
}

/** Signed 16-bit little-endian. */
export function toPcm16(samples: Float32Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(2 * samples.length));
  for (const [index, sample] of samples.entries()) {
    view.setInt16(2 * index, Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))), true);
  }
  return new Uint8Array(view.buffer);
}

interface Reader {
  readonly bytes: number;
  read(view: DataView, offset: number): number;
}

const READERS: Readonly<Record<StoredEncoding, Reader>> = {
  pcm_s16le: { bytes: 2, read: (view, offset) => view.getInt16(offset, true) / 32_768 },
  pcm_f32le: { bytes: 4, read: (view, offset) => view.getFloat32(offset, true) },
  mulaw: { bytes: 1, read: (view, offset) => fromMulaw(view.getUint8(offset)) / 32_768 },
};

/** ITU-T G.711: sign, segment and step, all inverted; each segment begins 132 below a power of two. */
function fromMulaw(byte: number): number {
  const inverted = ~byte & 0xff;
  const segment = (inverted >> 4) & 7;
  const magnitude = ((((inverted & 0x0f) << 3) + 132) << segment) - 132;
  return (inverted & 0x80) === 0 ? magnitude : -magnitude;
}
