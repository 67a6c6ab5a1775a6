import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Scope } from "loquilex/resources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createLog } from "../../examples/server/logging/log.js";
import { OWNER } from "../../examples/server/recording/files/temporary-path.js";
import { encodeWavHeader, UNKNOWN_SIZE } from "../../examples/server/recording/files/wav-header.js";
import { BEAT_MS, leasePath } from "../../examples/server/recording/folder/folder-lease.js";
import { SILENT_READINGS } from "../../examples/server/recording/folder/lease-watch.js";
import { SharedFolder } from "../../examples/server/recording/folder/shared-folder.js";
import { ManualClock } from "../support/manual-clock.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const OTHER = "00112233445566aa";
const PART = `a.wav.${OTHER}-1.part`;

async function openFolder(directory: string) {
  const clock = new ManualClock();
  const scope = new Scope({ name: "folder", clock });
  onTestFinished(async () => void (await scope.dispose()));
  const logger = createLog({ logLevel: "silent" });
  await SharedFolder.open({ directory, logger, scope });
  /** Lets time go on until the folder has been looked through once more. */
  const beat = async () => {
    const before = await readFile(leasePath(directory, OWNER), "utf8").catch(() => "");
    clock.advance(BEAT_MS);
    await vi.waitFor(async () => {
      expect(await readFile(leasePath(directory, OWNER), "utf8")).not.toBe(before);
      expect(clock.pending).toBe(2);
    });
  };
  return { scope, beat };
}

/** Another server's recording, and what it last wrote into its lease. */
async function leave(directory: string, lease?: string): Promise<void> {
  await mkdir(join(directory, ".servers"), { recursive: true });
  if (lease !== undefined) await writeFile(leasePath(directory, OTHER), lease);
  const header = encodeWavHeader({ sampleRate: 16_000, channels: 1 }, UNKNOWN_SIZE);
  await writeFile(join(directory, PART), Buffer.concat([header, Uint8Array.of(1, 0)]));
}

const namesIn = async (directory: string) => (await readdir(directory)).filter((name) => name !== ".servers");

// garrytan/gbrain#2840, DaveyHert/Dishylink#48, field report 80
describe("SharedFolder", () => {
  it("leaves the files of a server alone whose lease goes on, wherever that server runs", async () => {
    const directory = await temporaryFolder();
    await leave(directory, "1 another machine\n");
    const { beat } = await openFolder(directory);
    for (let count = 0; count < 3 * SILENT_READINGS; count += 1) {
      await beat();
      if (count % (SILENT_READINGS - 1) === 0) await leave(directory, `${count} another machine\n`);
    }
    expect(await namesIn(directory)).toEqual([PART]);
  });

  it("finishes the files of a server whose lease it has found unchanged fifteen times in a row", async () => {
    const directory = await temporaryFolder();
    await leave(directory, "7 another machine\n");
    const { beat } = await openFolder(directory);
    for (let count = 1; count < SILENT_READINGS; count += 1) await beat();
    expect(await namesIn(directory)).toEqual([PART]);
    await beat();
    await vi.waitFor(async () => expect(await namesIn(directory)).toEqual(["a.wav"]));
    await vi.waitFor(async () => expect(await readdir(join(directory, ".servers"))).not.toContain(`${OTHER}.lease`));
  });

  it("finishes after the same time what has no lease at all", async () => {
    const directory = await temporaryFolder();
    await leave(directory);
    const { beat } = await openFolder(directory);
    expect(await namesIn(directory)).toEqual([PART]);
    for (let count = 0; count < SILENT_READINGS; count += 1) await beat();
    await vi.waitFor(async () => expect(await namesIn(directory)).toEqual(["a.wav"]));
  });

  it("renews its lease when somebody has taken it away, the folder included", async () => {
    const directory = await temporaryFolder();
    const { beat } = await openFolder(directory);
    await rm(join(directory, ".servers"), { recursive: true });
    await beat();
    expect(await readdir(join(directory, ".servers"))).toContain(`${OWNER}.lease`);
  });

  it("leaves nothing of its own behind when it ends", async () => {
    const directory = await temporaryFolder();
    const { scope, beat } = await openFolder(directory);
    await beat();
    await scope.dispose();
    expect(await readdir(directory)).toEqual([]);
  });
});
