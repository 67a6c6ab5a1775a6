import { open, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WavFile } from "../../examples/server/recording/files/wav-file.js";
import { encodeWavHeader, UNKNOWN_SIZE } from "../../examples/server/recording/files/wav-header.js";
import { recoverRecordings } from "../../examples/server/recording/recover-recordings.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { testDisk } from "../support/test-disk.js";
import { parseWav } from "../support/wav.js";
import { readWavChunks } from "../support/wav-chunks.js";

const format = { sampleRate: 16_000, channels: 1 };

/** Names of servers in the files they leave; all but this process's own are gone. */
const DEAD = "00112233445566aa";
const ALIVE = "ffeeddccbbaa9988";

const judge = (owner: string) => (owner === DEAD ? "dead" : "unsure");

const leftover = (samples: Uint8Array): Uint8Array => Buffer.concat([encodeWavHeader(format, UNKNOWN_SIZE), samples]);

// openclaw/openclaw#94081
describe("recoverRecordings()", () => {
  it("finishes what a dead server recorded, without half a sample at its end", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, `a.wav.${DEAD}-1.part`), leftover(Uint8Array.of(1, 0, 2, 0, 3)));
    const report = await recoverRecordings(folder, judge);
    expect(report).toEqual({ recovered: [join(folder, "a.wav")], completed: [], removed: [], failed: [] });
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
    const name = `a.wav.${DEAD}-1.part`;
    await writeFile(join(folder, name), Buffer.concat([header, data, half]));
    await writeFile(join(folder, `b.wav.${DEAD}-2.part`), header);
    const report = await recoverRecordings(folder, judge);
    expect(report).toMatchObject({ recovered: [join(folder, "a.wav")], failed: [] });
    expect(report.removed).toHaveLength(1);
    expect(await readWavChunks(join(folder, "a.wav"))).toMatchObject({ tag, channels: 2, fact: 5, data });
    expect(await readdir(folder)).toEqual(["a.wav"]);
  });

  it("touches nothing of a server that is alive", async () => {
    const folder = await temporaryFolder();
    const own = new WavFile({ ...testDisk(folder), stem: join(folder, "own"), format });
    await own.append(Uint8Array.of(1, 0));
    await writeFile(join(folder, `other.wav.${ALIVE}-1.part`), leftover(Uint8Array.of(1, 0)));
    const before = await readdir(folder);
    expect(await recoverRecordings(folder, judge)).toEqual({ recovered: [], completed: [], removed: [], failed: [] });
    expect(await readdir(folder)).toEqual(before);
    expect(await own.finalize()).toEqual([join(folder, "own.wav")]);
  });

  it("finishes what version 0.1.0 left, which named its files after the process", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, `a.wav.${process.pid}-0123456789ab-1.part`), leftover(Uint8Array.of(1, 0)));
    expect((await recoverRecordings(folder, () => "silent")).recovered).toEqual([join(folder, "a.wav")]);
  });

  // garrytan/gbrain#2840, field report 80
  it("copies what a silent server left, so that a write of that server which is still under way reaches nothing", async () => {
    const folder = await temporaryFolder();
    const part = join(folder, `a.wav.${DEAD}-1.part`);
    await writeFile(part, leftover(Uint8Array.of(1, 0, 2, 0)));
    // Stopped between opening the file and writing to it.
    const asleep = await open(part, "r+");
    const { recovered } = await recoverRecordings(folder, () => "silent");
    await asleep.write(Uint8Array.of(9, 9, 9, 9), 0, 4, 46);
    await asleep.close();
    expect(recovered).toEqual([join(folder, "a.wav")]);
    const { samples } = parseWav(await readFile(join(folder, "a.wav")));
    expect(Array.from(samples, (sample) => sample * 32_768)).toEqual([1, 2]);
    expect(await readdir(folder)).toEqual(["a.wav"]);
  });

  // garrytan/gbrain#2840, field report 80
  it("takes a recording from its writer, which then fails instead of writing on", async () => {
    const folder = await temporaryFolder();
    const own = new WavFile({ ...testDisk(folder), stem: join(folder, "own"), format });
    await own.append(Uint8Array.of(1, 0));
    const { recovered } = await recoverRecordings(folder, () => "silent");
    expect(recovered).toEqual([join(folder, "own.wav")]);
    await expect(own.append(Uint8Array.of(2, 0))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(own.finalize()).rejects.toMatchObject({ code: "ENOENT" });
    expect(parseWav(await readFile(join(folder, "own.wav"))).samples).toHaveLength(1);
  });

  it("finishes each leftover once if several servers recover the folder at the same time", async () => {
    const folder = await temporaryFolder();
    const names = Array.from({ length: 20 }, (_, index) => `${index}.wav`);
    await Promise.all(
      names.map((name) => writeFile(join(folder, `${name}.${DEAD}-1.part`), leftover(Uint8Array.of(1, 0)))),
    );
    const reports = await Promise.all([1, 2, 3].map(() => recoverRecordings(folder, () => "silent")));
    expect(reports.flatMap(({ failed }) => failed)).toEqual([]);
    expect(reports.flatMap(({ recovered }) => recovered)).toHaveLength(20);
    expect((await readdir(folder)).toSorted()).toEqual(names.toSorted());
  });

  it("deletes leftovers that hold nothing, and half-written transcripts", async () => {
    const folder = await temporaryFolder();
    const names = [`a.wav.${DEAD}-1.part`, `b.wav.${DEAD}-2.part`, `c.txt.${DEAD}-3.tmp`];
    await writeFile(join(folder, names[0] ?? ""), "RIF");
    await writeFile(join(folder, names[1] ?? ""), leftover(new Uint8Array(0)));
    await writeFile(join(folder, names[2] ?? ""), "half a li");
    await writeFile(join(folder, "c.txt"), "whole\n");
    const report = await recoverRecordings(folder, judge);
    expect(report.removed.toSorted()).toEqual(names.map((name) => join(folder, name)));
    expect(await readdir(folder)).toEqual(["c.txt"]);
  });

  it("writes over nothing", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "a.wav"), "precious");
    await writeFile(join(folder, `a.wav.${DEAD}-1.part`), leftover(Uint8Array.of(1, 0)));
    expect((await recoverRecordings(folder, judge)).recovered).toEqual([join(folder, "a-recovered-2.wav")]);
    expect(await readFile(join(folder, "a.wav"), "utf8")).toBe("precious");
  });

  it("leaves files that it does not know, and reports one that only looks like its own", async () => {
    const folder = await temporaryFolder();
    const strange = join(folder, `a.wav.${DEAD}-1.part`);
    await writeFile(strange, "x".repeat(100));
    for (const name of ["notes.part", "b.wav.1-zz-1.part", "c.wav.tmp"]) await writeFile(join(folder, name), "mine");
    const report = await recoverRecordings(folder, judge);
    expect(report.failed).toEqual([
      { path: strange, error: expect.objectContaining({ message: expect.stringContaining(strange) }) },
    ]);
    expect(await readdir(folder)).toHaveLength(4);
  });
});
