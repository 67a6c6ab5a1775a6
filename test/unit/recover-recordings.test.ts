import { spawnSync } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recoverRecordings } from "../../examples/server/recover-recordings.js";
import { WavFile } from "../../examples/server/wav-file.js";
import { encodeWavHeader, UNKNOWN_SIZE } from "../../examples/server/wav-header.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { parseWav } from "../support/wav.js";
import { readWavChunks } from "../support/wav-chunks.js";

const format = { sampleRate: 16_000, channels: 1 };

/** A process number that nobody has any more. */
function deadPid(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

const leftover = (samples: Uint8Array): Uint8Array => Buffer.concat([encodeWavHeader(format, UNKNOWN_SIZE), samples]);

// openclaw/openclaw#94081
describe("recoverRecordings()", () => {
  it("finishes what a dead server recorded, without half a sample at its end", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, `a.wav.${deadPid()}-0123456789ab-1.part`), leftover(Uint8Array.of(1, 0, 2, 0, 3)));
    const report = await recoverRecordings(folder);
    expect(report).toEqual({ recovered: [join(folder, "a.wav")], removed: [], failed: [] });
    const bytes = await readFile(join(folder, "a.wav"));
    expect(bytes.byteLength).toBe(44 + 4);
    const { samples } = parseWav(bytes);
    expect(Array.from(samples, (sample) => sample * 32_768)).toEqual([1, 2]);
    expect(await readdir(folder)).toEqual(["a.wav"]);
  });

  it.each([
    ["pcm_f32le", 4, 3],
    ["mulaw", 1, 7],
  ] as const)("finishes recordings of %s, too", async (encoding, bytes, tag) => {
    const folder = await temporaryFolder();
    const header = encodeWavHeader({ encoding, sampleRate: 48_000, channels: 2 }, UNKNOWN_SIZE);
    const data = Uint8Array.from({ length: 5 * 2 * bytes }, (_, index) => index);
    const half = Uint8Array.of(1);
    const name = `a.wav.${deadPid()}-0123456789ab-1.part`;
    await writeFile(join(folder, name), Buffer.concat([header, data, half]));
    await writeFile(join(folder, `b.wav.${deadPid()}-0123456789ab-2.part`), header);
    const report = await recoverRecordings(folder);
    expect(report).toMatchObject({ recovered: [join(folder, "a.wav")], failed: [] });
    expect(report.removed).toHaveLength(1);
    expect(await readWavChunks(join(folder, "a.wav"))).toMatchObject({ tag, channels: 2, fact: 5, data });
    expect(await readdir(folder)).toEqual(["a.wav"]);
  });

  it("touches nothing of a server that is alive", async () => {
    const folder = await temporaryFolder();
    const own = new WavFile({ stem: join(folder, "own"), format });
    await own.append(Uint8Array.of(1, 0));
    await writeFile(join(folder, `other.wav.${process.ppid}-0123456789ab-1.part`), leftover(Uint8Array.of(1, 0)));
    const before = await readdir(folder);
    expect(await recoverRecordings(folder)).toEqual({ recovered: [], removed: [], failed: [] });
    expect(await readdir(folder)).toEqual(before);
    expect(await own.finalize()).toEqual([join(folder, "own.wav")]);
  });

  it("knows an earlier server that had this one's process number, as in a restarted container", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, `a.wav.${process.pid}-0123456789ab-1.part`), leftover(Uint8Array.of(1, 0)));
    expect((await recoverRecordings(folder)).recovered).toEqual([join(folder, "a.wav")]);
  });

  it("deletes leftovers that hold nothing, and half-written transcripts", async () => {
    const folder = await temporaryFolder();
    const pid = deadPid();
    const names = [
      `a.wav.${pid}-0123456789ab-1.part`,
      `b.wav.${pid}-0123456789ab-2.part`,
      `c.txt.${pid}-0123456789ab-3.tmp`,
    ];
    await writeFile(join(folder, names[0] ?? ""), "RIF");
    await writeFile(join(folder, names[1] ?? ""), leftover(new Uint8Array(0)));
    await writeFile(join(folder, names[2] ?? ""), "half a li");
    await writeFile(join(folder, "c.txt"), "whole\n");
    const report = await recoverRecordings(folder);
    expect(report.removed.toSorted()).toEqual(names.map((name) => join(folder, name)));
    expect(await readdir(folder)).toEqual(["c.txt"]);
  });

  it("writes over nothing", async () => {
    const folder = await temporaryFolder();
    const pid = deadPid();
    await writeFile(join(folder, "a.wav"), "precious");
    await writeFile(join(folder, `a.wav.${pid}-0123456789ab-1.part`), leftover(Uint8Array.of(1, 0)));
    expect((await recoverRecordings(folder)).recovered).toEqual([join(folder, "a-recovered-2.wav")]);
    expect(await readFile(join(folder, "a.wav"), "utf8")).toBe("precious");
  });

  it("leaves files that it does not know, and reports one that only looks like its own", async () => {
    const folder = await temporaryFolder();
    const strange = join(folder, `a.wav.${deadPid()}-0123456789ab-1.part`);
    await writeFile(strange, "x".repeat(100));
    for (const name of ["notes.part", "b.wav.1-zz-1.part", "c.wav.tmp"]) await writeFile(join(folder, name), "mine");
    const report = await recoverRecordings(folder);
    expect(report.failed).toEqual([
      { path: strange, error: expect.objectContaining({ message: expect.stringContaining(strange) }) },
    ]);
    expect(await readdir(folder)).toHaveLength(4);
  });
});
