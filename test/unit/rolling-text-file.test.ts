import { appendFile, copyFile, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { RollingTextFile } from "../../examples/server/recording/files/rolling-text-file.js";
import { StorageError } from "../../examples/server/recording/files/storage-error.js";
import { recoverRecordings } from "../../examples/server/recording/recover-recordings.js";
import { ManualClock } from "../support/manual-clock.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { testDisk } from "../support/test-disk.js";
import { testScope } from "../support/test-scope.js";

async function setUp(more: { maxLines?: number; path?: string; journal?: boolean } = {}) {
  const folder = await temporaryFolder();
  const clock = new ManualClock();
  const scope = testScope(clock);
  const errors: StorageError[] = [];
  const path = join(folder, more.path ?? "a.txt");
  const file = new RollingTextFile({
    path,
    scope,
    journal: more.journal === true ? testDisk(folder, clock).journal : undefined,
    maxLines: more.maxLines,
    onError: (error) => errors.push(error),
  });
  const content = () => readFile(path, "utf8");
  return { folder, clock, scope, errors, path, file, content };
}

describe("RollingTextFile", () => {
  it("writes each line at once if there is no journal", async () => {
    const { file, content } = await setUp();
    for (const line of ["first", "second"]) expect(await file.append(line)).toBe(true);
    expect(await content()).toBe("first\nsecond\n");
  });

  it("writes what came during a write, without another call", async () => {
    const { file, content } = await setUp();
    for (let count = 0; count < 50; count += 1) file.append(`${count}`);
    await vi.waitFor(async () => expect((await content()).split("\n")).toHaveLength(51));
  });

  it("leaves nothing beside the file, and an old reader its whole version", async () => {
    const { file, content, folder } = await setUp();
    const seen = new Set<string>();
    for (let count = 0; count < 30; count += 1) {
      file.append("x".repeat(1_000));
      await Promise.all([
        file.flush(),
        content().then(
          (text) => seen.add(text),
          () => {},
        ),
      ]);
    }
    for (const text of seen) expect(text.length % 1_001).toBe(0);
    expect(await readdir(folder)).toEqual(["a.txt"]);
  });

  it("goes on in another file when there are too many lines for one, and loses none of them", async () => {
    const { file, folder, content } = await setUp({ maxLines: 2 });
    for (const line of ["a", "b", "c"]) expect(await file.append(line)).toBe(true);
    await file.flush();
    expect(await content()).toBe("a\nb\n");
    expect(await readFile(join(folder, "a.2.txt"), "utf8")).toBe("c\n");
    for (const line of ["e", "f", "g"]) void file.append(line);
    await file.flush();
    expect(await readFile(join(folder, "a.2.txt"), "utf8")).toBe("c\ne\n");
    expect(await readFile(join(folder, "a.3.txt"), "utf8")).toBe("f\ng\n");
    expect(await readdir(folder)).toEqual(["a.2.txt", "a.3.txt", "a.txt"]);
  });

  it("does not gather lines without end while it cannot write", async () => {
    const { file, folder } = await setUp({ maxLines: 2, path: "sub/a.txt" });
    for (const line of ["a", "b", "c", "d", "e"]) file.append(line);
    await expect(file.flush()).rejects.toThrow(StorageError);
    await mkdir(join(folder, "sub"));
    await file.flush();
    expect(await readFile(join(folder, "sub/a.txt"), "utf8")).toBe("b\nc\n");
    expect(await readFile(join(folder, "sub/a.2.txt"), "utf8")).toBe("d\ne\n");
  });

  it("lets no text begin a line of its own or steer a terminal", async () => {
    const { file, content } = await setUp();
    file.append("one\r\ntwo\u2028three\u001b[2J\0 ");
    await file.flush();
    expect(await content()).toBe("one two three [2J\n");
  });

  it("tells its owner once that it cannot write, and writes everything when it can again", async () => {
    const { file, content, errors, folder, path } = await setUp({ path: "sub/a.txt" });
    file.append("one");
    await expect(file.flush()).rejects.toThrow(StorageError);
    file.append("two");
    await expect(file.flush()).rejects.toThrow(
      /^The transcript .*a\.txt could not be written: it, or its folder, was removed/,
    );
    expect(errors).toHaveLength(1);
    expect(errors[0]?.code).toBe("ENOENT");
    await mkdir(join(folder, "sub"));
    await file.flush();
    expect(await content()).toBe("one\ntwo\n");
    await rm(path);
    await rmdir(join(folder, "sub"));
    await writeFile(join(folder, "sub"), "");
    file.append("three");
    await expect(file.flush()).rejects.toThrow(StorageError);
    expect(errors).toHaveLength(2);
  });

  // openclaw/openclaw#94081
  it("says of each finished line when it is durable, and that it is not when it cannot be written", async () => {
    const { file, content, folder } = await setUp({ path: "sub/a.txt" });
    // The second comes while the write of the first fails.
    expect(await Promise.all([file.append("one"), file.append("two")])).toEqual([false, false]);
    await mkdir(join(folder, "sub"));
    const contents = ["three", "four", "five"].map(async (line) => {
      expect(await file.append(line)).toBe(true);
      return content();
    });
    const [first = "", , last = ""] = await Promise.all(contents);
    expect(first).toMatch(/^one\ntwo\nthree\n/);
    expect(last).toBe("one\ntwo\nthree\nfour\nfive\n");
  });
});

describe("a RollingTextFile with a journal", () => {
  const journals = async (folder: string) => (await readdir(folder)).filter((name) => name.endsWith(".journal"));

  it("makes each line durable in the journal, and writes the file a minute later; then the journal is gone", async () => {
    const { file, folder, content, clock } = await setUp({ journal: true });
    for (const line of ["first", "second"]) expect(await file.append(line)).toBe(true);
    expect(await readdir(folder)).toEqual(await journals(folder));
    const [name = ""] = await journals(folder);
    expect(await readFile(join(folder, name), "utf8")).toBe(
      '{"file":"a.txt","line":0,"text":"first"}\n{"file":"a.txt","line":1,"text":"second"}\n',
    );
    clock.advance(60_000);
    await vi.waitFor(async () => expect(await readdir(folder)).toEqual(["a.txt"]));
    expect(await content()).toBe("first\nsecond\n");
    expect(await file.append("third")).toBe(true);
    await file.flush();
    expect(await content()).toBe("first\nsecond\nthird\n");
    expect([await readdir(folder), clock.pending]).toEqual([["a.txt"], 0]);
  });

  it("gets its lines from the journal of a server that died, in the right files, and again without harm", async () => {
    const { file, folder, content } = await setUp({ journal: true, maxLines: 2 });
    expect(await file.append("one")).toBe(true);
    await file.flush();
    for (const line of ["two", "three"]) expect(await file.append(line)).toBe(true);
    const [name = ""] = await journals(folder);
    // Half a line, as a blow in the middle of a write leaves it: nobody was told that it is durable.
    await appendFile(join(folder, name), '{"file":"a.txt","li');
    await copyFile(join(folder, name), join(folder, "copy"));
    const report = await recoverRecordings(folder, () => "dead");
    const both = ["a.txt", "a.2.txt"].map((path) => join(folder, path));
    expect(report).toEqual({ recovered: [], completed: both, removed: [], failed: [] });
    expect(await Promise.all(both.map((path) => readFile(path, "utf8")))).toEqual(["one\ntwo\n", "three\n"]);
    await rename(join(folder, "copy"), join(folder, name));
    expect((await recoverRecordings(folder, () => "dead")).completed).toEqual([]);
    expect(await content()).toBe("one\ntwo\n");
    expect((await readdir(folder)).toSorted()).toEqual(["a.2.txt", "a.txt"]);
  });

  it("writes the file at once if the journal was taken away, as from a server that slept", async () => {
    const { file, folder, content } = await setUp({ journal: true });
    expect(await file.append("one")).toBe(true);
    for (const name of await journals(folder)) await rm(join(folder, name));
    expect(await file.append("two")).toBe(true);
    expect(await content()).toBe("one\ntwo\n");
    expect(await file.append("three")).toBe(true);
    expect(await journals(folder)).toHaveLength(1);
    await file.flush();
    expect(await readdir(folder)).toEqual(["a.txt"]);
  });

  it("lets no journal name a file anywhere else", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "out"));
    const lines = [
      { file: "../b.txt", line: 0, text: "x" },
      { file: "a.wav", line: 0, text: "x" },
      { file: "a.txt", line: 4_000_000_000, text: "x" },
    ];
    await writeFile(
      join(folder, "out", "finals.0123456789abcdef-1.journal"),
      lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    );
    await recoverRecordings(join(folder, "out"), () => "dead");
    expect(await readdir(folder, { recursive: true })).toEqual(["out"]);
  });

  it("shares its page with others, which stays until the last of them is written, and closes its handle", async () => {
    const folder = await temporaryFolder();
    const { journal } = testDisk(folder);
    const before = (await readdir("/dev/fd")).length;
    const files = Array.from({ length: 20 }, (_, index) => {
      return new RollingTextFile({
        path: join(folder, `${index}.txt`),
        scope: testScope(),
        journal,
        onError: () => {},
      });
    });
    await Promise.all(files.map((file) => file.append("hello")));
    expect(await journals(folder)).toHaveLength(1);
    expect((await readdir("/dev/fd")).length).toBe(before + 1);
    for (const file of files) {
      expect(await journals(folder)).toHaveLength(1);
      await file.flush();
    }
    expect([await journals(folder), (await readdir("/dev/fd")).length]).toEqual([[], before]);
  });

  it("leaves no timer behind when its scope ends", async () => {
    const { file, clock, scope } = await setUp({ journal: true });
    await file.append("1");
    expect(clock.pending).toBe(1);
    await scope.dispose();
    expect(clock.pending).toBe(0);
    await file.flush();
  });
});
