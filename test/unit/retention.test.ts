import { mkdir, readdir, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createLog } from "../../examples/server/logging/log.js";
import { temporaryPath } from "../../examples/server/recording/files/temporary-path.js";
import { Retention } from "../../examples/server/recording/folder/retention.js";
import { ManualClock } from "../support/manual-clock.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { testScope } from "../support/test-scope.js";

const NOW = Date.UTC(2030, 0, 31);
const DAY_MS = 86_400_000;
const KB = 4_096;

async function folder() {
  const directory = await temporaryFolder();
  /** A file that was written so many days ago. */
  const put = async (name: string, daysAgo: number, bytes = KB): Promise<void> => {
    const path = join(directory, name);
    await writeFile(path, new Uint8Array(bytes));
    const at = (NOW - daysAgo * DAY_MS) / 1_000;
    await utimes(path, at, at);
  };
  const sweep = async (keepDays: number, keepBytes: number): Promise<string[]> => {
    const logger = createLog({ logLevel: "silent" });
    const clock = new ManualClock();
    const options = { directory, keepDays: 0, keepBytes: 0, logger, clock, scope: testScope(), now: () => NOW };
    // The constructor of one that has limits would sweep by itself.
    const retention = new Retention(options);
    Object.assign(options, { keepDays, keepBytes });
    await retention.sweep();
    return (await readdir(directory)).toSorted();
  };
  return { directory, put, sweep };
}

const recording = (session: string, day: string): string => `${session}-202901${day}T120000Z`;

describe("recordings that are old", () => {
  it("go with their transcripts after the days that are set, and the others stay", async () => {
    const { put, sweep } = await folder();
    for (const extension of ["wav", "2.wav", "txt", "jsonl"]) await put(`${recording("old", "01")}.${extension}`, 31);
    await put(`${recording("new", "20")}.wav`, 11);
    await put(`${recording("new", "20")}.txt`, 40);
    expect(await sweep(30, 0)).toEqual([`${recording("new", "20")}.txt`, `${recording("new", "20")}.wav`]);
  });

  it("go in all their parts, those of other servers included", async () => {
    const { put, sweep } = await folder();
    for (const part of ["", "at16000", "at32000-2"]) {
      for (const extension of ["wav", "2.wav", "txt", "jsonl"])
        await put(`${recording("old", "01")}${part}.${extension}`, 31);
    }
    await put(`${recording("old", "01")}at64000-recovered-2.wav`, 31);
    expect(await sweep(30, 0)).toEqual([]);
  });

  it("go once if two servers that share the folder delete them at the same time", async () => {
    const { put, sweep } = await folder();
    for (let count = 0; count < 20; count += 1) await put(`${recording(`s${count}`, "01")}.wav`, 31);
    await Promise.all([sweep(30, 0), sweep(30, 0), sweep(30, 0)]);
    expect(await sweep(30, 0)).toEqual([]);
  });

  it("stay while the date has just been set, and go once it has lasted for an hour", async () => {
    const { directory, put } = await folder();
    await put(`${recording("old", "01")}.wav`, 20);
    const [clock, logger] = [new ManualClock(), createLog({ logLevel: "silent" })];
    let aheadMs = 0;
    const now = (): number => NOW + clock.now() + aheadMs;
    const options = { directory, keepDays: 0, keepBytes: 0, logger, clock, scope: testScope(), now };
    const retention = new Retention(options);
    Object.assign(options, { keepDays: 30 });
    const sweepIn = (ms: number): Promise<string[]> => {
      clock.advance(ms);
      return retention.sweep();
    };
    expect(await sweepIn(60_000)).toEqual([]);
    aheadMs = 365 * DAY_MS;
    expect(await sweepIn(60_000)).toEqual([]);
    aheadMs = 0;
    expect(await sweepIn(60_000)).toEqual([]);
    aheadMs = 11 * DAY_MS;
    expect(await sweepIn(60_000)).toEqual([]);
    expect(await sweepIn(3_599_000)).toEqual([]);
    expect(await sweepIn(1_000)).toHaveLength(1);
  });

  it("go from the oldest on if all together take too much", async () => {
    const { put, sweep } = await folder();
    for (const [session, daysAgo] of [
      ["c", 3],
      ["a", 9],
      ["b", 6],
    ] as const) {
      await put(`${recording(session, "01")}.wav`, daysAgo, 8 * KB);
    }
    expect(await sweep(0, 17 * KB)).toEqual([`${recording("b", "01")}.wav`, `${recording("c", "01")}.wav`]);
  });

  it("count by what they take, and not by a silence that takes nothing", async () => {
    const { directory, put, sweep } = await folder();
    await put(`${recording("sparse", "01")}.wav`, 9, 0);
    await truncate(join(directory, `${recording("sparse", "01")}.wav`), 1_000_000_000);
    const at = (NOW - 9 * DAY_MS) / 1_000;
    await utimes(join(directory, `${recording("sparse", "01")}.wav`), at, at);
    await put(`${recording("b", "02")}.wav`, 6);
    expect(await sweep(0, 1_000_000)).toHaveLength(2);
  });

  it("stay while they are written, or may have just begun", async () => {
    const { put, sweep } = await folder();
    await put(`${recording("live", "01")}.txt`, 40);
    await put(temporaryPath(`${recording("live", "01")}.wav`, "part"), 40);
    await put(`${recording("young", "31")}.txt`, 0.01);
    expect(await sweep(1, 1)).toHaveLength(3);
  });

  it("are all that is touched: no links, no folders, no files of other names", async () => {
    const { directory, put, sweep } = await folder();
    const elsewhere = join(await temporaryFolder(), `${recording("secret", "01")}.wav`);
    await writeFile(elsewhere, "");
    await symlink(elsewhere, join(directory, `${recording("link", "01")}.wav`));
    await mkdir(join(directory, `${recording("folder", "01")}.wav`));
    for (const name of ["notes.txt", "a-20290101.wav", "finals.0123456789abcdef-1.journal"]) await put(name, 400);
    const before = await readdir(directory);
    expect(await sweep(1, 1)).toEqual(before.toSorted());
  });
});
