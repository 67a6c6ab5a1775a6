/** A page of an Ogg file, taken apart. */
export interface ReadPage {
  readonly flags: number;
  readonly granule: bigint;
  readonly serial: number;
  readonly sequence: number;
  readonly packets: Uint8Array[];
}

/** Takes a file apart by RFC 3533. @throws Error naming the page that is wrong. */
export function readOggPages(file: Uint8Array): ReadPage[] {
  const pages: ReadPage[] = [];
  for (let at = 0; at < file.byteLength; ) {
    const view = new DataView(file.buffer, file.byteOffset + at);
    const fault = (what: string): Error => new Error(`Page ${pages.length}, at byte ${at}, ${what}.`);
    if (view.getUint32(0) !== 0x4f676753 || view.getUint8(4) !== 0) throw fault("does not begin with OggS");
    const segments = file.subarray(at + 27, at + 27 + view.getUint8(26));
    const packets: Uint8Array[] = [];
    let from = at + 27 + segments.length;
    let to = from;
    for (const length of segments) {
      to += length;
      if (length === 255) continue;
      packets.push(file.subarray(from, to));
      from = to;
    }
    if (from !== to) throw fault("ends in the middle of a packet");
    if (to > file.byteLength) throw fault("is longer than the file");
    const bare = file.slice(at, to).fill(0, 22, 26);
    if (crc(bare) !== view.getUint32(22, true)) throw fault("has a wrong checksum");
    pages.push({
      flags: view.getUint8(5),
      granule: view.getBigUint64(6, true),
      serial: view.getUint32(14, true),
      sequence: view.getUint32(18, true),
      packets,
    });
    at = to;
  }
  return pages;
}

/** Long division of the bits by the polynomial, one after the other. */
function crc(bytes: Uint8Array): number {
  let rest = 0;
  for (const byte of [...bytes, 0, 0, 0, 0]) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      const isOver = rest >= 0x80000000;
      rest = ((rest << 1) | ((byte >> bit) & 1)) >>> 0;
      if (isOver) rest = (rest ^ 0x04c11db7) >>> 0;
    }
  }
  return rest;
}
