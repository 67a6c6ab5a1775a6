import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder } from "./temporary-folder.js";

const run = promisify(execFile);

/** What Xiph's own programs make of a file. */
export interface ReadOpusFile {
  /** What `opusinfo` says. */
  readonly info: string;
  /** By channel, at 48 kHz. */
  readonly channels: Float32Array[];
}

/** Has Debian's `opus-tools` check and decode a file. @throws Error naming what is missing or wrong. */
export async function readOpusFile(file: Uint8Array, channelCount: number): Promise<ReadOpusFile> {
  const folder = await temporaryFolder();
  const [path, decoded] = [join(folder, "file.opus"), join(folder, "file.raw")];
  await writeFile(path, file);
  const call = (program: string, ...args: string[]): Promise<{ stdout: string; stderr: string }> =>
    run(program, args, { timeout: 60_000 }).catch((cause: Error) => {
      throw new Error(`${program} failed; on Debian it comes with: apt-get install opus-tools. ${cause.message}`, {
        cause,
      });
    });
  const { stdout, stderr } = await call("opusinfo", path);
  await call("opusdec", "--quiet", "--float", "--no-dither", "--rate", "48000", path, decoded);
  const bytes = await readFile(decoded);
  const values = new Float32Array(new Uint8Array(bytes).buffer);
  const channels = Array.from({ length: channelCount }, (_, channel) =>
    values.filter((_, at) => at % channelCount === channel),
  );
  return { info: stdout + stderr, channels };
}
