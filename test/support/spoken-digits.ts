import { readFile } from "node:fs/promises";
import type { EngineRun } from "../../examples/server/engines/engine.js";

/** The samples of the recording of spoken digits, 16 kHz, 16 bits. */
export async function spokenDigits(): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array((await readFile(new URL("./fixtures/digits.wav", import.meta.url))).subarray(44));
}

/** Lets an engine hear samples, as fast as it takes them. @returns the position after the last one. */
export async function letHear(run: EngineRun, samples: Uint8Array, startPosition: number): Promise<number> {
  for (let at = 0; at < samples.byteLength; at += 640) {
    await run.write(samples.subarray(at, at + 640), startPosition + at / 2);
  }
  return startPosition + samples.byteLength / 2;
}
