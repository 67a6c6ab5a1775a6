/** 20 ms of 16 kHz mono s16le. */
export const FRAME_BYTES = 640;
export const FRAME_MS = 20;

/** A frame that begins with its number. */
export function numberedFrame(number: number): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES);
  new DataView(frame.buffer).setUint32(0, number, true);
  return frame;
}

/** The numbers of the frames in a message, which may hold several. */
export function numbersIn(message: Uint8Array): number[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const numbers: number[] = [];
  for (let at = 0; at + FRAME_BYTES <= message.byteLength; at += FRAME_BYTES) numbers.push(view.getUint32(at, true));
  return numbers;
}
