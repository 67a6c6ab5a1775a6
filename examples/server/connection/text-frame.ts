import type { Writable } from "node:stream";
import { LENGTH_16, LENGTH_64, WHOLE_TEXT_MESSAGE } from "./frame-head.js";

/**
 * Writes a server's whole text message in one piece: a WebSocket writes head and text each by itself. Most messages have
 * nothing but ASCII in them, and go as the string that they are, for which no memory is needed.
 */
export function writeTextFrame(stream: Writable, text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes < 65_536 && bytes === text.length) stream.write(shortHead(bytes) + text, "latin1");
  else stream.write(encodeTextFrame(text, bytes));
}

/** As a string of which each character is one byte. */
const shortHead = (bytes: number): string =>
  bytes < LENGTH_16
    ? String.fromCharCode(WHOLE_TEXT_MESSAGE, bytes)
    : String.fromCharCode(WHOLE_TEXT_MESSAGE, LENGTH_16, bytes >> 8, bytes & 0xff);

function encodeTextFrame(text: string, bytes: number): Buffer {
  const lengthBytes = bytes < LENGTH_16 ? 0 : bytes < 65_536 ? 2 : 8;
  const frame = Buffer.allocUnsafe(2 + lengthBytes + bytes);
  frame[0] = WHOLE_TEXT_MESSAGE;
  frame[1] = lengthBytes === 0 ? bytes : lengthBytes === 2 ? LENGTH_16 : LENGTH_64;
  if (lengthBytes === 2) frame.writeUInt16BE(bytes, 2);
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(bytes), 2);
  frame.write(text, 2 + lengthBytes);
  return frame;
}
