import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { UNPROCESSED } from "../browser/page-stream.js";
import { expectReleased } from "../browser/released.js";
import { html, TestSite } from "../browser/test-site.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { parseWav, readWav } from "../support/wav.js";

const RATE = 16_000;

/** What the page gave to its socket. */
interface SentFrame {
  readonly position: number;
  readonly samples: readonly number[];
}

declare global {
  var voiceGate: typeof import("loquilex/gate").voiceGate;
  var sentFrames: SentFrame[];
}

const GATE = ["gate", "recording", "sdk"].map((name) => `<script type="module" src="/${name}.js"></script>`).join("");

describe("a stream with a gate in Chromium", () => {
  let site: TestSite;

  beforeAll(async () => {
    site = await TestSite.serve({
      "/gate": { html: html(GATE) },
      "/strict": {
        html: html(GATE),
        contentSecurityPolicy: "default-src 'self'; connect-src *; img-src data:; media-src data:",
      },
    });
  });

  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  it.each([
    { where: "on the page", path: "/gate", host: "page" as const, files: false },
    { where: "in a worker", path: "/gate", host: "worker" as const, files: false },
    { where: "under a strict policy", path: "/strict", host: "worker" as const, files: true },
  ])(
    "$where sends words and not the pauses, and the server's file and the page's copy are exact",
    async ({ path, host, files }) => {
      await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
      await using browser = await ChromiumPage.launch({
        executablePath: inject("chromiumPath"),
        // Four digits, a second apart, over the noise of a room.
        microphone: { what: "digits", leadMs: 1_500, tailMs: 1_500 },
      });
      const { page } = browser;
      await page.addInitScript(() => {
        globalThis.sentFrames = [];
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) {
          if (data instanceof Uint8Array) {
            const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
            const samples = Array.from({ length: (data.byteLength - 12) / 2 }, (_, at) =>
              view.getInt16(12 + 2 * at, true),
            );
            globalThis.sentFrames.push({ position: Number(view.getBigUint64(4, true)), samples });
          }
          send.call(this, data);
        };
      });
      await page.goto(site.url(path));
      await page.waitForFunction(() => ["sdk", "voiceGate", "recording"].every((name) => name in globalThis));
      const { stats, events, drops, frames, gaps, wav } = await page.evaluate(
        async ({ url, host, files, unprocessed, durationMs }) => {
          const urls = files
            ? { workerUrl: "/dist/loquilex.worker.js", workletUrl: "/dist/gated-capture.worklet.js" }
            : { workerUrl: undefined, workletUrl: undefined };
          const copy = recording();
          const stream = sdk.createMicrophoneStream(url, {
            host,
            recording: copy,
            gate: voiceGate({ hangoverMs: 300 }),
            workerUrl: urls.workerUrl,
            microphone: { ...unprocessed, workletUrl: urls.workletUrl },
          });
          const events: { type: string; position: number }[] = [];
          let drops = 0;
          for (const type of ["speechstart", "speechend"] as const) {
            stream.addEventListener(type, ({ position }) => events.push({ type, position }));
          }
          stream.addEventListener("drop", () => {
            drops += 1;
          });
          await stream.start();
          await new Promise((resolve) => setTimeout(resolve, durationMs));
          await stream.close({ timeoutMs: 20_000 });
          const bytes = new Uint8Array(await (await copy.toBlob()).arrayBuffer());
          const wav = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
          return { stats: await stream.getStats(), events, drops, frames: globalThis.sentFrames, gaps: copy.gaps, wav };
        },
        {
          ...{ url: backend.webSocketUrl, host, files, unprocessed: UNPROCESSED },
          durationMs: (browser.speech?.durationMs ?? 0) + 500,
        },
      );
      const [name = ""] = await backend.files(".wav");
      const { samples } = await readWav(name);
      const recorded = Array.from(samples, (value) => Math.round(value * 32_768));
      expect({ drops, host: stats.host, dropped: stats.droppedDurationMs }).toEqual({ drops: 0, host, dropped: 0 });
      // Of four words, of which a busy machine's browser may swallow the first ones before the page hears the device.
      expect(events.filter(({ type }) => type === "speechstart").length).toBeGreaterThanOrEqual(2);
      expect(events.map(({ type }) => type)).toEqual(
        events.map((_, index) => (index % 2 === 0 ? "speechstart" : "speechend")),
      );
      expect(stats.withheldDurationMs).toBeGreaterThan(1_500);
      // What went through the gate, at its place, and silence everywhere else.
      expect(recorded).toEqual(
        Array.from(parseWav(Buffer.from(wav, "latin1")).samples, (value) => Math.round(value * 32_768)),
      );
      const silent = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
      const withheld = Math.round((stats.withheldDurationMs * RATE) / 1_000);
      expect(recorded.length - silent + withheld).toBe(stats.samplesCaptured);
      for (const { from, to } of gaps) expect(recorded.slice(from, to).every((sample) => sample === 0)).toBe(true);
      if (host === "page") {
        const expected = new Array<number>(recorded.length).fill(0);
        for (const { position, samples: values } of frames) expected.splice(position, values.length, ...values);
        expect(recorded).toEqual(expected);
        expect(frames.reduce((sum, frame) => sum + frame.samples.length, 0)).toBe(recorded.length - silent);
      }
      expect(browser.pageErrors).toEqual([]);
      await expectReleased(browser);
    },
  );
});
