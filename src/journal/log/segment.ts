import type { Bytes } from "../../protocol/bytes.js";
import { crc32 } from "./crc32.js";

/**
 * A segment is a file that only grows, little-endian: `"LXJ" · u8 version · u32 number of the segment · u32 CRC-32` of the
 * eight bytes before, then records. A record is `u32 length · u32 number · u32 CRC-32` of the body behind these eight bytes,
 * then the body. What a crash has torn fails its checksum, and ends the segment.
 */
const MAGIC = [0x4c, 0x58, 0x4a];
const HEAD_BYTES = 12;
const CHECKED_BYTES = 8;
/** No record is longer: a length beyond it was not written by a journal. */
const MAX_BODY_BYTES = 16_777_216;

/** The only version there has been. */
export const JOURNAL_VERSION = 1;

/** A record as it was written. Numbers go up by one from record to record, across segments. */
export interface StoredRecord {
  readonly number: number;
  readonly body: Bytes;
}

/** What can be read of a segment. */
export type ReadSegment =
  | { readonly kind: "records"; readonly records: readonly StoredRecord[] }
  /** Its first bytes never reached the disk. */
  | { readonly kind: "torn" }
  | { readonly kind: "other-version"; readonly version: number };

/** The beginning of a segment's file. */
export function segmentHead(segment: number): Bytes {
  const bytes = new Uint8Array(HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  view.setUint8(3, JOURNAL_VERSION);
  view.setUint32(4, segment, true);
  view.setUint32(8, crc32(bytes.subarray(0, CHECKED_BYTES)), true);
  return bytes;
}

/** The bytes of one record. */
export function recordBytes({ number, body }: StoredRecord): Bytes {
  const bytes = new Uint8Array(HEAD_BYTES + body.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.byteLength, true);
  view.setUint32(4, number, true);
  bytes.set(body, HEAD_BYTES);
  view.setUint32(8, checksumOf(bytes), true);
  return bytes;
}

/** Reads a segment up to the first byte that cannot be right. */
export function readSegment(bytes: Bytes): ReadSegment {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < HEAD_BYTES || MAGIC.some((byte, index) => bytes[index] !== byte)) return { kind: "torn" };
  if (view.getUint32(8, true) !== crc32(bytes.subarray(0, CHECKED_BYTES))) return { kind: "torn" };
  const version = view.getUint8(3);
  if (version !== JOURNAL_VERSION) return { kind: "other-version", version };
  const records: StoredRecord[] = [];
  for (let at = HEAD_BYTES; at + HEAD_BYTES <= bytes.byteLength; ) {
    const length = view.getUint32(at, true);
    const end = at + HEAD_BYTES + length;
    if (length > MAX_BODY_BYTES || end > bytes.byteLength) break;
    if (view.getUint32(at + 8, true) !== checksumOf(bytes.subarray(at, end))) break;
    records.push({ number: view.getUint32(at + 4, true), body: bytes.slice(at + HEAD_BYTES, end) });
    at = end;
  }
  return { kind: "records", records };
}

/** The checksum of a record, which leaves out the field that it is written to. */
const checksumOf = (record: Uint8Array): number =>
  crc32(record.subarray(HEAD_BYTES), crc32(record.subarray(0, CHECKED_BYTES)));
