/** Takes the mask off a part of some bytes, which stands in the four bytes before it. */
export function unmask(bytes: Uint8Array, from: number, to: number): void {
  let at = from;
  // Four at a time if they lie as numbers have to: nearly always, since each chunk begins where its memory does.
  if ((bytes.byteOffset + from) % 4 === 0) {
    const mask = new Int32Array(bytes.buffer, bytes.byteOffset + from - 4, 1)[0] ?? 0;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset + from, (to - from) >> 2);
    for (let index = 0; index < words.length; index += 1) words[index] = (words[index] ?? 0) ^ mask;
    at += 4 * words.length;
  }
  for (; at < to; at += 1) bytes[at] = (bytes[at] ?? 0) ^ (bytes[from - 4 + ((at - from) & 3)] ?? 0);
}
