import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { aptInstall, canUseApt, findProgram } from "./find-chromium-programs.js";
import { encodeWav, readWav } from "./wav.js";

/** For one sentence, on a machine that is busy with other things. */
const SPEAK_MS = 60_000;

/**
 * Has flite speak sentences with pauses between them, and writes that to a file in `folder`: 16 kHz, one channel.
 * @returns the file's path.
 * @throws Error saying how to install flite if it is not there and cannot be installed.
 */
export async function speakWithFlite(folder: string, sentences: readonly string[], pauseMs: number): Promise<string> {
  await ensureFlite();
  const [path, one] = [join(folder, "spoken.wav"), join(folder, "sentence.wav")];
  let [spoken, sampleRate] = [new Float64Array(), 16_000];
  for (const sentence of sentences) {
    await promisify(execFile)("flite", ["-voice", "slt", "-t", sentence, "-o", one], { timeout: SPEAK_MS });
    const { samples, ...audio } = await readWav(one);
    sampleRate = audio.sampleRate;
    const longer = new Float64Array(spoken.length + samples.length + (pauseMs * sampleRate) / 1_000);
    longer.set(spoken);
    longer.set(samples, spoken.length);
    spoken = longer;
  }
  await writeFile(path, encodeWav({ samples: spoken, sampleRate }));
  return path;
}

async function ensureFlite(): Promise<void> {
  const isThere = async (): Promise<boolean> => (await findProgram("flite")) !== undefined;
  if (await isThere()) return;
  if (await canUseApt()) await aptInstall("flite");
  if (await isThere()) return;
  throw new Error("This test needs the synthesiser flite on the PATH. Install it; on Debian: apt-get install flite.");
}
