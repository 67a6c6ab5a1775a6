import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ChromiumPage } from "../support/chromium-page.js";
import { captureOffline } from "../support/offline-capture.js";
import { html, TestSite } from "./test-site.js";

const WORKLET = { url: "/dist/capture.worklet.js" };
const SECONDS = 1;

describe("the resampler on Chromium's audio thread", () => {
  let site: TestSite;
  let browser: ChromiumPage;
  /** What TypeScript makes of the noise. */
  let plain: readonly number[];

  beforeAll(async () => {
    site = await TestSite.serve({
      "/strict": { html: html(""), contentSecurityPolicy: "script-src 'self'" },
      "/strict-with-wasm": { html: html(""), contentSecurityPolicy: "script-src 'self' 'wasm-unsafe-eval'" },
    });
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    await browser.page.goto(site.url());
    const given = { worklet: WORKLET, seconds: SECONDS, withoutWebAssembly: true };
    plain = await captureOffline(browser.page, given);
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  const capturedAt = async (path: string): Promise<readonly number[]> => {
    await browser.page.goto(site.url(path));
    return captureOffline(browser.page, { worklet: WORKLET, seconds: SECONDS });
  };

  // The two round differently, so that the samples tell which of them ran.
  it.each([
    { policy: "no policy", path: "/" },
    { policy: "a policy that allows WebAssembly", path: "/strict-with-wasm" },
  ])("computes with SIMD under $policy, and the difference is below what 16 bits can say", async ({ path }) => {
    const samples = await capturedAt(path);
    expect(samples).not.toEqual(plain);
    expect(samples).toHaveLength(plain.length);
    const differences = samples.map((sample, index) => Math.abs(sample - (plain[index] ?? 0)));
    expect(Math.max(...differences)).toBeLessThan(1e-6);
  });

  it("computes in TypeScript under a policy that forbids WebAssembly", async () => {
    expect(await capturedAt("/strict")).toEqual(plain);
  });
});
