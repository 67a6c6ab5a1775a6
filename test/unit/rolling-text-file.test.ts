import { mkdir, readdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Scope } from "loquilex/resources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { RollingTextFile } from "../../examples/server/recording/files/rolling-text-file.js";
import { StorageError } from "../../examples/server/recording/files/storage-error.js";
import { ManualClock } from "../support/manual-clock.js";
import { temporaryFolder } from "../support/temporary-folder.js";

async function setUp(more: { maxLines?: number; path?: string } = {}) {
  const folder = await temporaryFolder();
  const clock = new ManualClock();
  const scope = new Scope({ name: "test", clock });
  onTestFinished(() => scope.dispose().then(() => {}));
  const errors: StorageError[] = [];
  const path = join(folder, more.path ?? "a.txt");
  const file = new RollingTextFile({
    path,
    clock,
    scope,
    maxLines: more.maxLines,
    onError: (error) => errors.push(error),
  });
  const content = () => readFile(path, "utf8");
  return { folder, clock, scope, errors, path, file, content };
}

describe("RollingTextFile", () => {
  it("rewrites the unfinished line in place and puts the finished one there", async () => {
    const { file, content, clock } = await setUp();
    file.append("first");
    file.setPartial("se");
    await file.flush();
    expect(await content()).toBe("first\nse\n");
    clock.advance(1_000);
    file.setPartial("seco");
    await file.flush();
    expect(await content()).toBe("first\nseco\n");
    file.append("second");
    await file.flush();
    expect(await content()).toBe("first\nsecond\n");
    file.setPartial("x");
    file.setPartial(undefined);
    await file.flush();
    expect(await content()).toBe("first\nsecond\n");
  });

  it("writes a finished line at once, and unfinished ones at most every 250 ms", async () => {
    const { file, content, clock, path } = await setUp();
    file.setPartial("1");
    await vi.waitFor(async () => expect(await content()).toBe("1\n"));
    const { ino } = await stat(path);
    for (let count = 2; count <= 20; count += 1) {
      clock.advance(10);
      file.setPartial(`${count}`);
    }
    await settle();
    expect((await stat(path)).ino).toBe(ino);
    clock.advance(60);
    await vi.waitFor(async () => expect(await content()).toBe("20\n"));
    file.setPartial("21");
    await settle();
    expect(await content()).toBe("20\n");
    file.append("final");
    await vi.waitFor(async () => expect(await content()).toBe("final\n"));
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
    file.setPartial("d");
    await file.flush();
    expect(await content()).toBe("a\nb\n");
    expect(await readFile(join(folder, "a.2.txt"), "utf8")).toBe("c\nd\n");
    for (const line of ["e", "f", "g"]) file.append(line);
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

  it("leaves no timer behind when its scope ends", async () => {
    const { file, clock, scope } = await setUp();
    file.setPartial("1");
    await file.flush();
    file.setPartial("2");
    expect(clock.pending).toBe(1);
    await scope.dispose();
    expect(clock.pending).toBe(0);
    await file.flush();
  });
});

/** Long enough for a write that must not happen to have happened. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 30));
