import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "loquilex/resources";
import { describe, expect, it, vi } from "vitest";
import { sharedBytes } from "../../examples/server/processes/growing-bytes.js";
import { type AppendStep, packAppends, unpackAppends } from "../../examples/server/recording/disk/append-batch.js";
import { DiskWriter, type DiskWriterOptions } from "../../examples/server/recording/disk/disk-writer.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { testScope } from "../support/test-scope.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const descriptors = async (): Promise<number> => (await readdir("/dev/fd")).length;
const openWriter = (more: Partial<DiskWriterOptions> = {}) =>
  new DiskWriter({ clock: systemClock, scope: testScope(), ...more });
const DYING_THREAD = new URL("../support/threads/dying-thread.ts", import.meta.url);

describe("the disk writer", () => {
  it("writes pieces one behind the other where they belong, in many files at once", async () => {
    const folder = await temporaryFolder();
    const writer = openWriter();
    const paths = Array.from({ length: 50 }, (_, index) => join(folder, String(index)));
    const files = paths.map((path) => writer.open(path));
    await Promise.all(files.map((file, index) => file.write(0, [bytes(`${index} `), bytes("first ")])));
    await Promise.all(files.map((file) => file.write(20, [bytes("second")])));
    for (const [index, path] of paths.entries()) {
      expect(await readFile(path, "latin1")).toBe(`${`${index} first `.padEnd(20, "\0")}second`);
    }
  });

  it("can be seen to be through with a batch before the event loop turns, and does not take its answer for the next one's", async () => {
    const folder = await temporaryFolder();
    const writer = openWriter();
    const file = writer.open(join(folder, "a"));
    await file.write(0, [bytes("one ")]);
    const answers: unknown[] = [];
    file.append(4, bytes("two "), (error) => answers.push(error));
    const bad = writer.open(join(folder, "absent/bad")).write(0, [bytes("three")]);
    await new Promise(process.nextTick);
    const until = performance.now() + 500;
    while (performance.now() < until) writer.look();
    // One of its writes failed, and why is in the message.
    expect(answers).toEqual([]);
    await expect(bad).rejects.toMatchObject({ code: "ENOENT" });
    expect(answers).toEqual([undefined]);
    file.append(8, bytes("four"), (error) => answers.push(error));
    await new Promise(process.nextTick);
    const late = writer.open(join(folder, "absent/bad")).write(0, [bytes("five")]);
    while (answers.length < 2 && performance.now() < until + 5_000) writer.look();
    expect(answers).toEqual([undefined, undefined]);
    await expect(late).rejects.toMatchObject({ code: "ENOENT" });
    expect(await readFile(join(folder, "a"), "utf8")).toBe("one two four");
  });

  it("touches no file before it is written to, and none that is there already", async () => {
    const folder = await temporaryFolder();
    const writer = openWriter();
    await writeFile(join(folder, "taken"), "old");
    const file = writer.open(join(folder, "taken"));
    expect(await readdir(folder)).toEqual(["taken"]);
    await expect(file.write(0, [bytes("new")])).rejects.toMatchObject({ code: "EEXIST" });
    expect(await readFile(join(folder, "taken"), "utf8")).toBe("old");
  });

  it("tells whose write failed, and does those of all others", async () => {
    const folder = await temporaryFolder();
    const writer = openWriter();
    const [good, bad, other] = ["good", "absent/bad", "other"].map((name) => writer.open(join(folder, name)));
    const writes = [good, bad, other].map((file) => file?.write(0, [bytes("hello")]));
    const settled = await Promise.allSettled(writes);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(settled[1]).toMatchObject({ reason: { code: "ENOENT" } });
    await mkdir(join(folder, "absent"));
    await bad?.write(0, [bytes("hello")]);
    expect(await readFile(join(folder, "absent/bad"), "utf8")).toBe("hello");
  });

  it("tells when a file is not where it was, although its handle could still be written to", async () => {
    const folder = await temporaryFolder();
    const file = openWriter().open(join(folder, "a"));
    await file.write(0, [bytes("one")]);
    await rm(join(folder, "a"));
    await expect(file.write(3, [bytes("two")])).rejects.toMatchObject({ code: "ENOENT" });
    expect(await readdir(folder)).toEqual([]);
  });

  it("keeps no more than 4,096 handles open, and opens a file again that has lost its own", {
    timeout: 20_000,
  }, async () => {
    const folder = await temporaryFolder();
    const writer = openWriter();
    const files = Array.from({ length: 4_200 }, (_, index) => writer.open(join(folder, String(index))));
    await files[0]?.write(0, [bytes("first ")]);
    const before = (await descriptors()) - 1;
    await Promise.all(files.slice(1).map((file) => file.write(0, [bytes("first ")])));
    expect((await descriptors()) - before).toBe(4_096);
    await files[0]?.write(6, [bytes("second")]);
    expect(await readFile(join(folder, "0"), "utf8")).toBe("first second");
    expect((await descriptors()) - before).toBe(4_096);
    await Promise.all(files.map((file) => file.close()));
    expect(await descriptors()).toBe(before);
  });

  describe("in a folder that other servers write to as well", () => {
    async function sharedWriter() {
      const folder = await temporaryFolder();
      const lease = join(folder, "lease");
      await writeFile(lease, "");
      return { folder, lease, writer: openWriter({ lease }) };
    }

    it("confirms nothing from the moment its lease is gone, whichever file it is", async () => {
      const { folder, lease, writer } = await sharedWriter();
      const files = ["a", "b"].map((name) => writer.open(join(folder, name)));
      await Promise.all(files.map((file) => file.write(0, [bytes("one")])));
      await rm(lease);
      for (const file of [...files, writer.open(join(folder, "c"))]) {
        await expect(file.write(3, [bytes("two")])).rejects.toMatchObject({ code: "ENOENT" });
      }
    });

    it("confirms nothing for files that another server has taken, though it has a lease again", async () => {
      const { folder, writer } = await sharedWriter();
      const [taken, own] = ["taken", "own"].map((name) => writer.open(join(folder, name)));
      await taken?.write(0, [bytes("one")]);
      const atWork = taken?.write(3, [bytes("two")]);
      writer.lose();
      await expect(atWork).rejects.toMatchObject({ code: "ENOENT" });
      await expect(taken?.write(6, [bytes("three")])).rejects.toMatchObject({ code: "ENOENT" });
      await expect(own?.write(0, [bytes("one")])).rejects.toMatchObject({ code: "ENOENT" });
      await writer.open(join(folder, "new")).write(0, [bytes("one")]);
      expect(await readFile(join(folder, "new"), "utf8")).toBe("one");
    });

    it("notices within two seconds that somebody has deleted a file", async () => {
      const { folder, writer } = await sharedWriter();
      const file = writer.open(join(folder, "a"));
      await file.write(0, [bytes("one")]);
      await rm(join(folder, "a"));
      const write = () => file.write(3, [bytes("two")]);
      await vi.waitFor(() => expect(write()).rejects.toMatchObject({ code: "ENOENT" }), { timeout: 2_000 });
    });
  });

  describe("with threads that die", () => {
    it("does again what they did not confirm, so that every file has everything once", async () => {
      const folder = await temporaryFolder();
      const deaths: string[] = [];
      const onThreadDeath = ({ message }: Error) => deaths.push(message);
      const writer = openWriter({ module: DYING_THREAD, onThreadDeath });
      const paths = Array.from({ length: 20 }, (_, index) => join(folder, String(index)));
      const files = paths.map((path) => writer.open(path));
      for (let round = 0; round < 10; round += 1) {
        // Those of the second half begin with a thread that dies of it.
        const writing = files.slice(0, round === 0 ? 10 : 20);
        const piece = (index: number) => bytes(`${round}:${index} `.padEnd(10));
        await Promise.all(writing.map((file, index) => file.write(10 * round, [piece(index)])));
      }
      expect(deaths).toEqual(Array(9).fill("It ended with code 9"));
      for (const [index, path] of paths.entries()) {
        const rounds = Array.from({ length: 10 }, (_, round) => `${round}:${index} `.padEnd(10));
        if (index >= 10) rounds[0] = "\0".repeat(10);
        expect(await readFile(path, "utf8")).toBe(rounds.join(""));
      }
      await Promise.all(files.map((file) => file.close()));
    });

    it("gives up what three of them died of, and goes on with what comes then", async () => {
      const folder = await temporaryFolder();
      const writer = openWriter({ module: DYING_THREAD });
      const file = writer.open(join(folder, "a"));
      await expect(file.write(0, [bytes("!one ")])).rejects.toThrow(
        "The thread that writes recordings ended 3 times in a row: It ended with code 9.",
      );
      await file.write(0, [bytes("one ")]);
      expect(await readFile(join(folder, "a"), "latin1")).toBe("one ");
    });

    it("neither makes anew nor confirms a file that is gone", async () => {
      const folder = await temporaryFolder();
      const writer = openWriter({ module: DYING_THREAD });
      const file = writer.open(join(folder, "a"));
      await file.write(0, [bytes("one ")]);
      await rm(join(folder, "a"));
      await expect(file.write(4, [bytes("two ")])).rejects.toMatchObject({ code: "ENOENT" });
      expect(await readdir(folder)).toEqual([]);
    });
  });

  it("closes what is open when its scope ends, and writes nothing more", async () => {
    const folder = await temporaryFolder();
    const scope = testScope();
    const writer = new DiskWriter({ clock: systemClock, scope });
    const first = writer.open(join(folder, "first"));
    await first.write(0, [bytes("one")]);
    const files = Array.from({ length: 10 }, (_, index) => writer.open(join(folder, String(index))));
    await Promise.all(files.map((file) => file.write(0, [bytes("one")])));
    const open = await descriptors();
    expect(scope.resources()).toEqual([
      expect.objectContaining({ resource: expect.stringMatching(/^thread disk \d+$/) }),
    ]);
    await scope.dispose();
    expect(await descriptors()).toBeLessThanOrEqual(open - 11);
    await expect(first.write(3, [bytes("two")])).rejects.toThrow("The server has ended.");
    expect(scope.resources()).toEqual([]);
  });
});

describe("a batch of appends", () => {
  it("is what it was when it is taken apart", () => {
    const steps: AppendStep[] = [
      { type: "create", file: 1, path: "/a", position: 0, pieces: [bytes("head")] },
      { type: "write", file: 2, path: undefined, position: 2 ** 40, pieces: [bytes("abc")] },
      { type: "reopen", file: 3, path: "/c", position: 7, pieces: [bytes("")] },
      { type: "ensure", file: 4, path: "/d", position: 0, pieces: [bytes("x")] },
      { type: "close", file: 2, path: undefined, position: 0, pieces: [bytes("")] },
    ];
    expect([...unpackAppends(packAppends(steps, sharedBytes()))]).toEqual(steps);
    const inPieces: AppendStep = { type: "write", file: 2, position: 5, pieces: [bytes("ab"), bytes("c")] };
    expect([...unpackAppends(packAppends([inPieces], sharedBytes()))]).toEqual([
      { ...inPieces, path: undefined, pieces: [bytes("abc")] },
    ]);
  });
});
