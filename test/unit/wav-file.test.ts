import { mkdir, open, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "loquilex/resources";
import { describe, expect, it } from "vitest";
import { openRecordingDisk } from "../../examples/server/recording/disk/recording-disk.js";
import { StorageError } from "../../examples/server/recording/files/storage-error.js";
import { WavFile } from "../../examples/server/recording/files/wav-file.js";
import { decodeWavHeader, encodeWavHeader, UNKNOWN_SIZE } from "../../examples/server/recording/files/wav-header.js";
import { recoverRecordings } from "../../examples/server/recording/recover-recordings.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { testDisk } from "../support/test-disk.js";
import { testScope } from "../support/test-scope.js";
import { parseWav } from "../support/wav.js";
import { readWavChunks } from "../support/wav-chunks.js";

const format = { sampleRate: 16_000, channels: 1 };

/** Samples that count up from `first`. */
function counting(first: number, count: number): Uint8Array {
  const bytes = new Uint8Array(2 * count);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < count; index += 1) view.setInt16(2 * index, first + index, true);
  return bytes;
}

async function samplesOf(path: string): Promise<number[]> {
  return Array.from(parseWav(await readFile(path)).samples, (sample) => sample * 32_768);
}

describe("WavFile", () => {
  it("holds every sample in order under a header that tells the truth", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format });
    await wav.append(counting(0, 100));
    await wav.append(counting(100, 1));
    await wav.append(counting(101, 50));
    expect(await wav.finalize()).toEqual([join(folder, "a.wav")]);
    expect(await samplesOf(join(folder, "a.wav"))).toEqual(Array.from({ length: 151 }, (_, index) => index));
    expect(parseWav(await readFile(join(folder, "a.wav"))).sampleRate).toBe(16_000);
    expect(await readdir(folder)).toEqual(["a.wav"]);
  });

  it("leaves to append() what begins the file, follows a gap, is no whole sample or has no room, and takes the rest", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format, maxDataBytes: 20 });
    const plainly = (bytes: Uint8Array) => {
      let begins = false;
      const said = new Promise<unknown>((resolve) => {
        begins = wav.appendPlain(bytes, resolve);
        if (!begins) resolve("nothing");
      });
      return said.then((error) => [begins, error]);
    };
    expect(await plainly(counting(0, 2))).toEqual([false, "nothing"]);
    await wav.append(counting(0, 2));
    expect(await plainly(counting(2, 3))).toEqual([true, undefined]);
    expect(await plainly(new Uint8Array(3))).toEqual([false, "nothing"]);
    expect(await plainly(counting(5, 6))).toEqual([false, "nothing"]);
    wav.skip(1);
    expect(await plainly(counting(6, 2))).toEqual([false, "nothing"]);
    await wav.append(counting(6, 2));
    expect(await plainly(counting(8, 2))).toEqual([true, undefined]);
    await wav.finalize();
    expect(await samplesOf(join(folder, "a.wav"))).toEqual([0, 1, 2, 3, 4, 0, 6, 7, 8, 9]);
  });

  it("says why samples that need no care could not be written, and counts none of them", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format });
    await wav.append(counting(0, 2));
    for (const name of await readdir(folder)) await rm(join(folder, name));
    const error = await new Promise((resolve) => void wav.appendPlain(counting(2, 2), resolve));
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ code: "ENOENT" });
  });

  it("says the channels and the rate of a stereo recording", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({
      ...testDisk(folder),
      stem: join(folder, "a"),
      format: { sampleRate: 48_000, channels: 2 },
    });
    await wav.append(counting(0, 4));
    await wav.finalize();
    const bytes = await readFile(join(folder, "a.wav"));
    expect([22, 32, 34].map((at) => bytes.readUInt16LE(at))).toEqual([2, 4, 16]);
    expect([24, 28, 40].map((at) => bytes.readUInt32LE(at))).toEqual([48_000, 192_000, 8]);
  });

  it("has the samples on disk when append() resolves, under a name that says it is not finished", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format });
    await wav.append(counting(1, 10));
    const names = await readdir(folder);
    expect(names).toEqual([expect.stringMatching(/^a\.wav\.[0-9a-f]{16}-\d+\.part$/)]);
    const bytes = await readFile(join(folder, names[0] ?? ""));
    expect(bytes.subarray(44)).toEqual(Buffer.from(counting(1, 10)));
  });

  it("makes no file when nothing was recorded", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format });
    wav.skip(100);
    expect(await wav.finalize()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("records silence where samples do not exist, also at the end", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format });
    wav.skip(2);
    await wav.append(counting(5, 1));
    wav.skip(3);
    wav.skip(1);
    await wav.append(counting(6, 1));
    wav.skip(2);
    await wav.finalize();
    expect(await samplesOf(join(folder, "a.wav"))).toEqual([0, 0, 5, 0, 0, 0, 0, 6, 0, 0]);
  });

  it("uses no disk space for ten minutes of silence", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format });
    await wav.append(counting(1, 1));
    wav.skip(600 * 16_000);
    await wav.append(counting(2, 1));
    await wav.finalize();
    const { size, blocks } = await stat(join(folder, "a.wav"));
    expect(size).toBe(44 + 2 * (600 * 16_000 + 2));
    expect(blocks * 512).toBeLessThan(100_000);
  });

  it("goes on in another file where one would be too long, losing no sample and no silence", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format, maxDataBytes: 7 });
    await wav.append(counting(1, 2));
    await wav.append(counting(3, 5));
    wav.skip(4);
    await wav.append(counting(8, 1));
    expect(await wav.finalize()).toEqual(["a.wav", "a.2.wav", "a.3.wav", "a.4.wav"].map((name) => join(folder, name)));
    const parts = await Promise.all(
      ["a.wav", "a.2.wav", "a.3.wav", "a.4.wav"].map((name) => samplesOf(join(folder, name))),
    );
    expect(parts).toEqual([
      [1, 2, 3],
      [4, 5, 6],
      [7, 0, 0],
      [0, 0, 8],
    ]);
  });

  it("refuses half a sample and an impossible size", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format });
    await expect(wav.append(new Uint8Array(3))).rejects.toThrow("append() takes whole samples of 2 bytes");
    expect(() => new WavFile({ ...testDisk(folder), stem: "a", format, maxDataBytes: 2 ** 32 })).toThrow(RangeError);
    expect(await readdir(folder)).toEqual([]);
  });

  it("keeps one handle open, and closes it when the recording ends", async () => {
    const folder = await temporaryFolder();
    const disk = testDisk(folder);
    const open = (name: string) => new WavFile({ ...disk, stem: join(folder, name), format });
    const first = open("first");
    await first.append(counting(0, 10));
    const before = (await readdir("/dev/fd")).length;
    const files = Array.from({ length: 20 }, (_, index) => open(`${index}`));
    for (let round = 0; round < 3; round += 1) await Promise.all(files.map((wav) => wav.append(counting(0, 10))));
    expect((await readdir("/dev/fd")).length).toBe(before + 20);
    await Promise.all(files.map((wav) => wav.finalize()));
    expect((await readdir("/dev/fd")).length).toBe(before);
    await first.finalize();
    expect((await readdir("/dev/fd")).length).toBe(before - 1);
  });

  it("says which file failed and why, when its file or folder is gone", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format });
    await wav.append(counting(0, 10));
    await rm(folder, { recursive: true });
    const error = await wav.append(counting(10, 10)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({
      code: "ENOENT",
      message: expect.stringMatching(/^The recording .*a\.wav.* was removed/),
    });
  });

  it("writes again what could not be written, at the same place, for as long as it may", async () => {
    const folder = join(await temporaryFolder(), "folder");
    const stem = join(folder, "a");
    const failures: (string | undefined)[] = [];
    const mayTryAgain = async ({ code }: StorageError): Promise<boolean> => {
      failures.push(code);
      if (failures.length === 3) await mkdir(folder);
      return failures.length < 4;
    };
    const wav = new WavFile({ ...testDisk(folder), stem, format, mayTryAgain });
    wav.skip(2);
    await wav.append(counting(1, 10));
    expect(failures).toEqual(["ENOENT", "ENOENT", "ENOENT"]);
    await wav.finalize();
    expect(await samplesOf(`${stem}.wav`)).toEqual([0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    await rm(folder, { recursive: true });
    const other = new WavFile({ ...testDisk(folder), stem, format, mayTryAgain });
    await expect(other.append(counting(1, 10))).rejects.toThrow(StorageError);
  });

  it("leaves no file if not even its first samples could be written", async () => {
    const folder = await temporaryFolder();
    // They are in the file, but it may be another server's by now.
    const lease = join(folder, "no.lease");
    const { writer } = openRecordingDisk(folder, systemClock, testScope(), { lease });
    const wav = new WavFile({ writer, stem: join(folder, "a"), format });
    await expect(wav.append(counting(0, 1))).rejects.toThrow(StorageError);
    expect(await readdir(folder)).toHaveLength(1);
    expect(await wav.finalize()).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it("cuts off what a failed write left behind", async () => {
    const folder = await temporaryFolder();
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format });
    await wav.append(counting(0, 3));
    const part = join(folder, (await readdir(folder))[0] ?? "");
    const file = await open(part, "a");
    await file.write(Uint8Array.of(1, 2, 3));
    await file.close();
    await wav.finalize();
    expect(await samplesOf(join(folder, "a.wav"))).toEqual([0, 1, 2]);
  });
});

describe("a WAV file of floats or of µ-law", () => {
  const KINDS = [
    ["pcm_f32le", 3, 4],
    ["mulaw", 7, 1],
  ] as const;

  it.each(KINDS)("of %s says what it holds, and how much", async (encoding, tag, bytes) => {
    const folder = await temporaryFolder();
    const wav = new WavFile({
      ...testDisk(folder),
      stem: join(folder, "a"),
      format: { encoding, sampleRate: 8_000, channels: 1 },
    });
    const data = Uint8Array.from({ length: 3 * bytes }, (_, index) => index + 1);
    await wav.append(data);
    await wav.finalize();
    const path = join(folder, "a.wav");
    expect(await readWavChunks(path)).toEqual({
      ...{ tag, channels: 1, sampleRate: 8_000, bits: 8 * bytes, fact: 3 },
      data,
    });
    // A chunk of odd length is followed by one byte that does not count.
    expect((await stat(path)).size % 2).toBe(0);
  });

  it.each(KINDS)("of %s has silence where samples are missing, at its end as well", async (encoding, _, bytes) => {
    const folder = await temporaryFolder();
    const wav = new WavFile({
      ...testDisk(folder),
      stem: join(folder, "a"),
      format: { encoding, sampleRate: 8_000, channels: 1 },
    });
    const silence = encoding === "mulaw" ? 0xff : 0;
    const sample = new Uint8Array(bytes).fill(7);
    const samples = 2 ** 20 + 5;
    await wav.append(sample);
    wav.skip(samples);
    await wav.append(sample);
    wav.skip(2);
    await wav.finalize();
    const { data, fact } = await readWavChunks(join(folder, "a.wav"));
    expect(fact).toBe(samples + 4);
    const missing = Buffer.alloc(samples * bytes, silence);
    const expected = Buffer.concat([sample, missing, sample, Buffer.alloc(2 * bytes, silence)]);
    expect(Buffer.compare(data, expected)).toBe(0);
  });

  it.each(KINDS)("of %s is known again by its header, and nothing else is", (encoding) => {
    const format = { encoding, sampleRate: 44_100, channels: 2 };
    const header = encodeWavHeader(format, 800);
    expect(decodeWavHeader(header)).toEqual(format);
    for (let length = 0; length < header.byteLength; length += 1) {
      expect(decodeWavHeader(header.subarray(0, length))).toBeUndefined();
    }
    for (const at of [0, 16, 20, 32, 34, 36, 38, 50]) {
      const spoilt = Uint8Array.from(header, (byte, index) => (index === at ? byte ^ 0x55 : byte));
      expect(decodeWavHeader(spoilt)).toBeUndefined();
    }
  });

  it("does not write through a symbolic link that is put in the place of a recording, at its end or at the next start", async () => {
    const folder = await temporaryFolder();
    const elsewhere = join(await temporaryFolder(), "precious.wav");
    const precious = Buffer.concat([encodeWavHeader(format, UNKNOWN_SIZE), counting(7, 1_000)]);
    await writeFile(elsewhere, precious);
    const wav = new WavFile({ ...testDisk(folder), stem: join(folder, "a"), format });
    await wav.append(counting(1, 10));
    const [part = ""] = (await readdir(folder)).map((name) => join(folder, name));
    await rm(part);
    await symlink(elsewhere, part);
    await expect(wav.finalize()).rejects.toThrow(/there is a symbolic link in its place/);
    expect((await readFile(elsewhere)).equals(precious)).toBe(true);
    const { recovered, failed } = await recoverRecordings(folder, () => "dead");
    expect(recovered).toEqual([]);
    expect(failed).toHaveLength(1);
    expect((await readFile(elsewhere)).equals(precious)).toBe(true);
  });
});
