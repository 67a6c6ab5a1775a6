import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { KilledPages, RATE } from "../support/killed/killed-page.js";

const MOST_LOST = 0.2 * RATE;

describe("a journal on the disk, while the server is away", { timeout: 120_000 }, () => {
  let pages: KilledPages;

  beforeAll(async () => {
    pages = await KilledPages.open({ name: "chromium", executablePath: inject("chromiumPath") });
  });

  afterAll(() => pages[Symbol.asyncDispose]());

  it.each(["tab", "browser", "reload"] as const)(
    "outlives its %s, and what it had goes to the same session",
    async (how) => {
      const aftermath = await pages.die({ how, connectedMs: 700, awayMs: 1_500 });
      expect(aftermath.warnings.filter((warning) => warning.startsWith("journal"))).toEqual([]);
      expect(aftermath.wrong).toEqual([]);
      expect(aftermath.recovered.lost).toEqual([]);
      expect(aftermath.recovered.resumed).toBe(true);
      expect(aftermath.recordings).toBe(1);
      expect(aftermath.capturedTo - aftermath.recovered.knownTo).toBeLessThanOrEqual(MOST_LOST);
      expect(aftermath.recovered.durationMs).toBeGreaterThan(1_000);
      expect(aftermath.listedMs).toBe(aftermath.recovered.durationMs);
      expect(aftermath.leftAfterwards).toBe(0);
    },
  );
});
