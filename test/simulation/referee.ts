/** Reads just enough of a message for a referee, who must not trust the code under test to read it. */
export interface Glimpse {
  readonly t: string;
  readonly id?: string;
  readonly seq?: number;
  readonly corr?: string;
  // biome-ignore lint/suspicious/noExplicitAny: a referee reads fields by name, whatever they hold.
  readonly data: Readonly<Record<string, any>>;
}

export const glimpse = (json: string): Glimpse => JSON.parse(json) as Glimpse;

export interface FrameGlimpse {
  readonly from: number;
  readonly to: number;
  readonly gap: boolean;
}

export function glimpseFrame(bytes: Uint8Array<ArrayBuffer>): FrameGlimpse {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const from = view.getUint32(4, true) + view.getUint32(8, true) * 2 ** 32;
  return { from, to: from + view.getUint16(2, true), gap: (view.getUint8(1) & 1) !== 0 };
}

/** A rule of the protocol was broken; ends the run. */
export class Foul extends Error {
  override readonly name = "Foul";
}
