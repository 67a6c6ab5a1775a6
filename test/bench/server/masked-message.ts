import { AUDIO_FRAME_HEADER_BYTES, encodeAudioFrame } from "loquilex/protocol";

export const TEXT = 1;
export const BINARY = 2;

/** Clients must mask what they send; with zeros a server would be spared the work. */
const MASK = Uint8Array.of(0x1d, 0x2c, 0x3b, 0x4a);
const MASK_WORD = Buffer.from(MASK).readUInt32LE();
const POSITION_AT = 4;
const TWO_32 = 4_294_967_296;

/** The bytes of a client's whole WebSocket message of 126 to 65,535 bytes. */
export function maskedMessage(opcode: number, payload: Uint8Array): Buffer {
  const head = Buffer.from([0x80 | opcode, 0x80 | 126, 0, 0, ...MASK]);
  head.writeUInt16BE(payload.byteLength, 2);
  return Buffer.concat([head, payload.map((byte, index) => byte ^ (MASK[index & 3] ?? 0))]);
}

/** A client's text message; short ones are filled with white space, which JSON ignores. */
export const maskedText = (text: string): Buffer => maskedMessage(TEXT, Buffer.from(text.padEnd(126)));

/** An audio frame as the bytes that a client writes to its socket, made once and sent again and again with another position. */
export class FrameTemplate {
  readonly #headBytes: number;
  #bytes: Buffer;

  /** @param payload samples of 16 bits. */
  constructor(payload: Uint8Array<ArrayBuffer>) {
    const frame = encodeAudioFrame({ flags: 0, position: 0, sampleCount: payload.byteLength / 2, payload });
    this.#bytes = maskedMessage(BINARY, frame);
    this.#headBytes = this.#bytes.byteLength - AUDIO_FRAME_HEADER_BYTES - payload.byteLength;
  }

  /** The frame at this position. The bytes are used again, unless {@link detach} is called. */
  at(position: number): Buffer {
    const at = this.#headBytes + POSITION_AT;
    this.#bytes.writeUInt32LE(((position % TWO_32) ^ MASK_WORD) >>> 0, at);
    this.#bytes.writeUInt32LE((Math.floor(position / TWO_32) ^ MASK_WORD) >>> 0, at + 4);
    return this.#bytes;
  }

  /** The bytes that were handed out last belong to somebody else now, such as a socket that could not write them yet. */
  detach(): void {
    this.#bytes = Buffer.from(this.#bytes);
  }
}
