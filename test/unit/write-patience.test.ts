import { describe, expect, it } from "vitest";
import { createLog } from "../../examples/server/logging/log.js";
import { DiskTrouble } from "../../examples/server/recording/disk/disk-trouble.js";
import { WritePatience } from "../../examples/server/recording/disk/write-patience.js";
import { StorageError } from "../../examples/server/recording/files/storage-error.js";
import { ManualClock } from "../support/manual-clock.js";
import { testScope } from "../support/test-scope.js";

const failing = (code: string) =>
  new StorageError("The recording", "/somewhere/a.wav", Object.assign(new Error(code), { code }));
const FULL = failing("ENOSPC");

function recordings(count: number) {
  const clock = new ManualClock();
  const trouble = new DiskTrouble();
  const told: boolean[] = [];
  const patiences = Array.from(
    { length: count },
    () =>
      new WritePatience({
        ...{ trouble, logger: createLog({ logLevel: "silent" }), scope: testScope(clock) },
        onChange: (isTroubled) => told.push(isTroubled),
      }),
  );
  return { clock, trouble, told, patiences };
}

/** How long it tries again, in milliseconds. */
async function lastsFor(clock: ManualClock, patience: WritePatience): Promise<number> {
  const beganAt = clock.now();
  for (;;) {
    let mayTry: boolean | undefined;
    void patience.outlasts(FULL).then((answer) => {
      mayTry = answer;
    });
    for (let step = 0; mayTry === undefined && step < 10; step += 1) {
      clock.advance(100);
      await Promise.resolve();
      await Promise.resolve();
    }
    if (mayTry !== true) return clock.now() - beganAt;
  }
}

describe("a recording whose disk takes nothing", () => {
  it("is tried again for half a minute from the last write that worked", async () => {
    const { clock, patiences } = recordings(1);
    const [patience] = patiences;
    if (patience === undefined) return expect.unreachable();
    const trying = patience.outlasts(FULL);
    clock.advance(500);
    expect(await trying).toBe(true);
    patience.worked();
    const ms = await lastsFor(clock, patience);
    expect(ms).toBeGreaterThanOrEqual(30_000);
    expect(ms).toBeLessThan(32_000);
    expect(await patience.outlasts(FULL)).toBe(false);
  });

  it("lets no new session begin until every recording is well or given up, and tells its client once each way", async () => {
    const { clock, trouble, told, patiences } = recordings(2);
    const [first, second] = patiences;
    if (first === undefined || second === undefined) return expect.unreachable();
    for (let round = 0; round < 2; round += 1) {
      const tries = [first.outlasts(FULL), second.outlasts(FULL)];
      expect(trouble.refusal).toMatchObject({ error: "disk_full", retryAfterMs: 5_000 });
      clock.advance(500);
      await Promise.all(tries);
    }
    first.worked();
    expect(trouble.refusal).toBeDefined();
    expect(told).toEqual([true, true, false]);
    await lastsFor(clock, second);
    expect(trouble.refusal).toBeUndefined();
    expect(told).toEqual([true, true, false]);
  });

  it("is tried for two seconds more at most when no more audio comes, and at once", async () => {
    const { clock, patiences } = recordings(1);
    const [patience] = patiences;
    if (patience === undefined) return expect.unreachable();
    const trying = patience.outlasts(FULL);
    patience.hurry();
    expect(await trying).toBe(true);
    expect(await lastsFor(clock, patience)).toBeLessThanOrEqual(3_000);
  });

  it.each(["ENOENT", "EFBIG", "ELOOP"])("is not tried again if it would fail again: %s", async (code) => {
    const { trouble, told, patiences } = recordings(1);
    expect(await patiences[0]?.outlasts(failing(code))).toBe(false);
    expect([trouble.refusal, told]).toEqual([undefined, []]);
  });
});
