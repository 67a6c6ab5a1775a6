import { open } from "node:fs/promises";
import { type Deferred, deferred } from "loquilex/resources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { syncDirectory } from "../../examples/server/recording/files/sync-directory.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Syncs that the system was asked for in a folder of their own, each of which ends when the test says so. */
async function heldSyncs(): Promise<{ readonly folder: string; readonly syncs: Deferred<void>[] }> {
  const folder = await temporaryFolder();
  const handle = await open(folder, "r");
  const syncs: Deferred<void>[] = [];
  const spy = vi.spyOn(Object.getPrototypeOf(handle) as typeof handle, "sync").mockImplementation(() => {
    const sync = deferred<void>();
    syncs.push(sync);
    return sync.promise;
  });
  onTestFinished(() => spy.mockRestore());
  await handle.close();
  return { folder, syncs };
}

describe("syncing a folder", () => {
  it("is done once for all who come while it is being done for somebody else, and not before", async () => {
    const { folder, syncs } = await heldSyncs();
    const first = syncDirectory(folder);
    await vi.waitFor(() => expect(syncs).toHaveLength(1));
    let settled = 0;
    const others = Array.from({ length: 100 }, async () => {
      await syncDirectory(folder);
      settled += 1;
    });
    syncs[0]?.resolve();
    await first;
    await vi.waitFor(() => expect(syncs).toHaveLength(2));
    expect(settled).toBe(0);
    syncs[1]?.resolve();
    await Promise.all(others);
    expect(syncs).toHaveLength(2);
  });

  it("fails for those for whom it was done, and for nobody after them", async () => {
    const { folder, syncs } = await heldSyncs();
    const failing = syncDirectory(folder);
    await vi.waitFor(() => expect(syncs).toHaveLength(1));
    const following = syncDirectory(folder);
    syncs[0]?.reject(Object.assign(new Error("The disk is broken."), { code: "EIO" }));
    await expect(failing).rejects.toThrow("The disk is broken.");
    await vi.waitFor(() => expect(syncs).toHaveLength(2));
    syncs[1]?.resolve();
    await following;
    const later = syncDirectory(folder);
    await vi.waitFor(() => expect(syncs).toHaveLength(3));
    syncs[2]?.resolve();
    await later;
  });

  it("of another folder does not wait", async () => {
    const { folder, syncs } = await heldSyncs();
    const first = syncDirectory(folder);
    const other = syncDirectory(await temporaryFolder());
    await vi.waitFor(() => expect(syncs).toHaveLength(2));
    for (const sync of syncs) sync.resolve();
    await Promise.all([first, other]);
  });
});
