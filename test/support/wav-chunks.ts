import { readFile } from "node:fs/promises";

/** A WAV file as its own chunks describe it, whatever its samples are. */
export interface WavChunks {
  /** 1 for integers, 3 for floats, 7 for µ-law. */
  readonly tag: number;
  readonly channels: number;
  readonly sampleRate: number;
  readonly bits: number;
  /** What a "fact" chunk says of the number of samples, where there is one. */
  readonly fact: number | undefined;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** @throws Error when the sizes in the file do not fit it. */
export async function readWavChunks(path: string): Promise<WavChunks> {
  const bytes = new Uint8Array(await readFile(path));
  const view = new DataView(bytes.buffer);
  const name = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  const chunks = new Map<string, { readonly at: number; readonly size: number }>();
  if (name(0) !== "RIFF" || name(8) !== "WAVE" || view.getUint32(4, true) !== bytes.byteLength - 8) {
    throw new Error("The file is no RIFF of its own size.");
  }
  for (let at = 12; at < bytes.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    chunks.set(name(at), { at: at + 8, size });
    at += 8 + size + (size % 2);
    if (at > bytes.byteLength) throw new Error(`The chunk "${name(at)}" is longer than the file.`);
  }
  const [format, data, fact] = ["fmt ", "data", "fact"].map((chunk) => chunks.get(chunk));
  if (format === undefined || data === undefined) throw new Error("The file lacks a chunk.");
  return {
    tag: view.getUint16(format.at, true),
    channels: view.getUint16(format.at + 2, true),
    sampleRate: view.getUint32(format.at + 4, true),
    bits: view.getUint16(format.at + 14, true),
    fact: fact && view.getUint32(fact.at, true),
    data: bytes.slice(data.at, data.at + data.size),
  };
}
