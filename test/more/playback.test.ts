import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Playback } from "loquilex/playback";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { HOST } from "../browser/page-stream.js";
import { expectReleased } from "../browser/released.js";
import { html, TestSite } from "../browser/test-site.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { SpeakingServer } from "../support/speaking-server.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { bytesOf, differenceOf, voiceNoise } from "../support/voice-noise.js";
import { encodeWav } from "../support/wav.js";

declare global {
  var playback: typeof import("loquilex/playback").playback;
  var voice: Playback;
  /** What came out of the player, and what the page was told. */
  var playbackRecord: {
    readonly blocks: Float32Array[];
    readonly events: { readonly type: string; readonly position: number }[];
    readonly errors: string[];
  };
}

const RATE = 24_000;

const wavOf = (samples: Int16Array): Uint8Array =>
  encodeWav({ samples: Float64Array.from(samples, (sample) => sample / 32_768), sampleRate: RATE });

/**
 * A page that streams to a port and plays what comes, with everything that leaves the player written down.
 * @param modulesMs how long each module of the audio thread takes to load.
 */
async function openPage(
  port: number,
  modulesMs = 0,
): Promise<{ site: TestSite; browser: ChromiumPage } & AsyncDisposable> {
  const scripts = ["sdk", "playback"].map((name) => `<script type="module" src="/${name}.js"></script>`);
  const site = await TestSite.serve({ "/": { html: html(scripts.join("")) } });
  const browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  const opened = {
    site,
    browser,
    async [Symbol.asyncDispose]() {
      try {
        await browser[Symbol.asyncDispose]();
      } finally {
        await site[Symbol.asyncDispose]();
      }
    },
  };
  try {
    await browser.page.addInitScript((ms) => {
      const { addModule } = AudioWorklet.prototype;
      AudioWorklet.prototype.addModule = async function (...given) {
        await new Promise((resolve) => setTimeout(resolve, ms));
        return addModule.apply(this, given);
      };
    }, modulesMs);
    await startIn(browser, site, port);
    return opened;
  } catch (error) {
    await opened[Symbol.asyncDispose]();
    throw error;
  }
}

async function startIn(browser: ChromiumPage, site: TestSite, port: number): Promise<void> {
  await browser.page.goto(site.url());
  await browser.page.mouse.click(10, 10);
  await browser.page.evaluate(
    async ({ url, host }) => {
      const record: typeof playbackRecord = { blocks: [], events: [], errors: [] };
      const voice = playback({
        output(context) {
          // All that passes is written down in blocks so long that a busy page misses none.
          const recorder = context.createScriptProcessor(16_384, 1, 1);
          recorder.onaudioprocess = ({ inputBuffer }) => record.blocks.push(inputBuffer.getChannelData(0).slice());
          recorder.connect(context.destination);
          return recorder;
        },
      });
      for (const type of ["playbackposition", "interrupted", "underrun", "gap"] as const) {
        voice.addEventListener(type, ({ position }) => record.events.push({ type, position }));
      }
      voice.addEventListener("error", ({ error }) => record.errors.push(error.message));
      globalThis.voice = voice;
      globalThis.playbackRecord = record;
      globalThis.stream = sdk.createMicrophoneStream(url, { playback: voice, ...(host === undefined ? {} : { host }) });
      await stream.start();
    },
    { url: `ws://127.0.0.1:${port}/v1/stream`, host: HOST },
  );
}

const positionOf = ({ page }: ChromiumPage): Promise<number> => page.evaluate(() => voice.position);
const activityOf = ({ page }: ChromiumPage): Promise<string> => page.evaluate(() => voice.activity);

/** What was played, without the silence before, between and after. */
async function playedIn({ page }: ChromiumPage): Promise<number[]> {
  // The recorder's last block is full by then.
  await page.waitForTimeout(1_500);
  return page.evaluate(() =>
    playbackRecord.blocks.flatMap((block) =>
      Array.from(block, (sample) => Math.round(sample * 32_768)).filter(Boolean),
    ),
  );
}

async function cutThreeTimes(proxy: TcpProxy, browser: ChromiumPage, seconds: readonly number[]): Promise<void> {
  const reconnected = (count: number) => proxy.until(`connection ${count + 1}`, () => proxy.connectionCount > count);
  await eventually(() => positionOf(browser)).toBeGreaterThan((seconds[0] ?? 0) * RATE);
  proxy.reset();
  await reconnected(1);
  await eventually(() => positionOf(browser)).toBeGreaterThan((seconds[1] ?? 0) * RATE);
  // An odd count of bytes: in the middle of a frame.
  proxy.cutAfter("toClient", 1_777);
  await reconnected(2);
  await eventually(() => positionOf(browser)).toBeGreaterThan((seconds[2] ?? 0) * RATE);
  // What the page says of what it has heard is lost.
  proxy.hold("toServer");
  await proxy.until("something is held", () => proxy.held("toServer") > 0);
  proxy.reset();
  proxy.pass("toServer");
  await reconnected(3);
}

describe("what the server says, in a page", { timeout: 120_000 }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "loquilex-playback-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("is played to the sample through three cuts of the connection to the reference backend", async () => {
    const said = voiceNoise(18, 1, RATE);
    const path = join(folder, "voice.wav");
    await writeFile(path, wavOf(said));
    await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_PLAYBACK: path } });
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    await using opened = await openPage(proxy.port);
    const { browser } = opened;
    await cutThreeTimes(proxy, browser, [1, 3, 5]);
    await expect.poll(() => positionOf(browser), { timeout: 40_000 }).toBe(said.length);
    expect(await activityOf(browser)).toBe("idle");
    expect(differenceOf(await playedIn(browser), [...said])).toBeUndefined();
    const { events, errors } = await browser.page.evaluate(() => playbackRecord);
    expect(errors).toEqual([]);
    expect(events.filter(({ type }) => type !== "playbackposition")).toEqual([]);
    const positions = events.map(({ position }) => position);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    await browser.page.evaluate(() => stream.abort());
    await expectReleased(browser);
  });

  it("stops when it is interrupted, between cuts, and the server learns what was heard", async () => {
    const [first, second] = [voiceNoise(20, 2, RATE), voiceNoise(3, 3, RATE)];
    await using server = await SpeakingServer.listen(RATE);
    await using proxy = await TcpProxy.listen({ targetPort: server.port });
    server.sender.write(bytesOf(first));
    server.sender.end();
    await using opened = await openPage(proxy.port);
    const { browser } = opened;
    await cutThreeTimes(proxy, browser, [1, 2, 3]);
    await eventually(() => positionOf(browser)).toBeGreaterThan(5 * RATE);
    // The server cannot hear of it before the next connection.
    proxy.hold("toServer");
    await browser.page.evaluate(() => voice.interrupt());
    await browser.page.waitForTimeout(300);
    expect(server.interruptedAt).toEqual([]);
    proxy.reset();
    proxy.pass("toServer");
    await eventually(async () => server.interruptedAt.length).toBe(1);
    const heard = server.interruptedAt[0] ?? 0;
    const from = server.sender.sent;
    expect(from).toBeGreaterThan(heard);
    server.sender.write(bytesOf(second));
    server.sender.end();
    await expect.poll(() => positionOf(browser), { timeout: 20_000 }).toBe(from + second.length);
    const played = await playedIn(browser);
    expect(differenceOf(played, [...first.subarray(0, heard), ...second])).toBeUndefined();
    const { events } = await browser.page.evaluate(() => playbackRecord);
    expect(events.filter(({ type }) => type === "interrupted")).toEqual([{ type: "interrupted", position: heard }]);
    await browser.page.evaluate(() => stream.abort());
    await expectReleased(browser);
  });

  it("is not begun if it is interrupted while its player is being loaded", async () => {
    const [first, second] = [voiceNoise(5, 4, RATE), voiceNoise(2, 5, RATE)];
    await using server = await SpeakingServer.listen(RATE);
    server.sender.write(bytesOf(first));
    server.sender.end();
    await using opened = await openPage(server.port, 1_000);
    const { browser } = opened;
    await eventually(() => browser.page.evaluate(() => voice.sampleRate)).toBe(RATE);
    await browser.page.evaluate(() => voice.interrupt());
    await eventually(async () => server.interruptedAt).toEqual([0]);
    const from = server.sender.sent;
    server.sender.write(bytesOf(second));
    server.sender.end();
    await expect.poll(() => positionOf(browser), { timeout: 20_000 }).toBe(from + second.length);
    expect(differenceOf(await playedIn(browser), [...second])).toBeUndefined();
    const { events, errors } = await browser.page.evaluate(() => playbackRecord);
    expect(errors).toEqual([]);
    expect(events.filter(({ type }) => type === "interrupted")).toEqual([{ type: "interrupted", position: 0 }]);
    await browser.page.evaluate(() => stream.abort());
    await expectReleased(browser);
  });
});
