import { describe, expect, it } from "vitest";
import { createLog } from "../../examples/server/logging/log.js";
import { DiskSpace } from "../../examples/server/recording/folder/disk-space.js";
import { ManualClock } from "../support/manual-clock.js";
import { testScope } from "../support/test-scope.js";

const MB = 1_000_000;

function watch(minFreeBytes: number) {
  const clock = new ManualClock();
  const disk: { free: number | Error } = { free: 500 * MB };
  const changes: boolean[] = [];
  const space = new DiskSpace({
    directory: "/somewhere",
    minFreeBytes,
    logger: createLog({ logLevel: "silent" }),
    scope: testScope(clock),
    readFreeBytes: async () => {
      if (disk.free instanceof Error) throw disk.free;
      return disk.free;
    },
    onChange: (isLow) => changes.push(isLow),
  });
  /** Lets the disk be so, and the watch see it. */
  const becomes = async (free: number | Error) => {
    disk.free = free;
    await expect.poll(() => clock.pending).toBe(1);
    clock.advance(5_000);
    await expect.poll(() => clock.pending).toBe(1);
    return space.refusal?.error;
  };
  return { clock, changes, becomes };
}

describe("a disk that is nearly full", () => {
  it("lets nothing new begin until it has clearly more room again, and is told once each way", async () => {
    const { changes, becomes } = watch(200 * MB);
    expect(await becomes(300 * MB)).toBeUndefined();
    expect(await becomes(199 * MB)).toBe("disk_full");
    expect(await becomes(210 * MB)).toBe("disk_full");
    expect(await becomes(100 * MB)).toBe("disk_full");
    expect(await becomes(221 * MB)).toBeUndefined();
    expect(changes).toEqual([true, false]);
  });

  it("stays what it was if nobody can tell, as when the folder was removed", async () => {
    const { changes, becomes } = watch(200 * MB);
    expect(await becomes(new Error("ENOENT"))).toBeUndefined();
    await becomes(1 * MB);
    expect(await becomes(new Error("ENOENT"))).toBe("disk_full");
    expect(changes).toEqual([true]);
  });

  it("is nobody's business if the setting says so", () => {
    const { clock } = watch(0);
    expect(clock.pending).toBe(0);
  });
});
