import type { Bytes } from "../../protocol/bytes.js";

/** What a page is beside others: RFC 3533, section 6. */
export const OggPageFlag = { first: 2, last: 4 } as const;

/** Lengths that a page has room for. */
export const MAX_SEGMENTS = 255;

const HEADER_BYTES = 27;
const CRC_OFFSET = 22;
const FULL_SEGMENT = 255;
const TWO_32 = 4_294_967_296;

/** A page of whole packets. */
export interface OggPage {
  /** Sum of {@link OggPageFlag} values. */
  readonly flags: number;
  /** For Opus: samples at 48 kHz that there are once its packets are decoded, those before the first that counts included. */
  readonly granule: number;
  /** Of the stream. */
  readonly serial: number;
  /** Pages before it. */
  readonly sequence: number;
  /** With {@link MAX_SEGMENTS} segments together at most. */
  readonly packets: readonly Bytes[];
}

/** Lengths that a packet takes: full segments, and one that is not, if only of nothing, by which its end is known. */
export const segmentsOf = (packet: Bytes): number => Math.floor(packet.byteLength / FULL_SEGMENT) + 1;

/** The bytes of a page. */
export function oggPage({ flags, granule, serial, sequence, packets }: OggPage): Bytes {
  const lengths = packets.flatMap((packet) => [
    ...Array<number>(segmentsOf(packet) - 1).fill(FULL_SEGMENT),
    packet.byteLength % FULL_SEGMENT,
  ]);
  const bodyOffset = HEADER_BYTES + lengths.length;
  const bytes = new Uint8Array(packets.reduce((sum, { byteLength }) => sum + byteLength, bodyOffset));
  const view = new DataView(bytes.buffer);
  bytes.set([0x4f, 0x67, 0x67, 0x53, 0, flags]); // OggS, version 0
  view.setUint32(6, granule % TWO_32, true);
  view.setUint32(10, Math.floor(granule / TWO_32), true);
  view.setUint32(14, serial, true);
  view.setUint32(18, sequence, true);
  bytes[HEADER_BYTES - 1] = lengths.length;
  bytes.set(lengths, HEADER_BYTES);
  let at = bodyOffset;
  for (const packet of packets) {
    bytes.set(packet, at);
    at += packet.byteLength;
  }
  view.setUint32(CRC_OFFSET, checksum(bytes), true);
  return bytes;
}

let table: Uint32Array | undefined;

/** RFC 3533, section 6: the polynomial 0x04c11db7, highest bit first, begun with 0, over the page with 0 in its place. */
function checksum(bytes: Bytes): number {
  table ??= Uint32Array.from({ length: 256 }, (_, index) => {
    let rest = index << 24;
    for (let bit = 0; bit < 8; bit += 1) rest = (rest << 1) ^ (rest < 0 ? 0x04c11db7 : 0);
    return rest;
  });
  let crc = 0;
  for (const byte of bytes) crc = (crc << 8) ^ (table[(crc >>> 24) ^ byte] as number);
  return crc >>> 0;
}
