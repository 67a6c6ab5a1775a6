import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { UNPROCESSED } from "../browser/page-stream.js";
import { parseWav, readWav } from "../support/wav.js";
import type { Stage } from "./stage.js";

declare global {
  /** What the scene's stream has told of speech. */
  var speechChanges: string[];
}

/** Nobody speaks, before and after, in milliseconds. */
const PAUSE_MS = 2_500;

export function gateScenes(stage: () => Stage): void {
  it("sends what is said and not the silence around it, and the server's file is the page's copy to the sample", async () => {
    await stage().microphone.plugIn();
    await stage().microphone.makeDefault();
    await stage().openPage();
    await start(stage());
    await delay(PAUSE_MS);
    await stage().speak("long");
    await delay(PAUSE_MS);
    const { stats, copied, changes, gaps, sessionId } = await stage().page.evaluate(async () => {
      await stream.close({ timeoutMs: 20_000 });
      const bytes = new Uint8Array(await (await copy.toBlob()).arrayBuffer());
      const copied = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
      const { sessionId } = stream;
      return { stats: await stream.getStats(), copied, changes: speechChanges, gaps: copy.gaps, sessionId };
    });
    const { samples } = await readWav(await stage().recordingPath(sessionId));
    expect(samples).toEqual(parseWav(Buffer.from(copied, "latin1")).samples);
    const silent = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
    expect(samples.length - silent + Math.round(stats.withheldDurationMs * 16)).toBe(stats.samplesCaptured);
    expect(stats.withheldDurationMs).toBeGreaterThan(PAUSE_MS);
    expect(stats.droppedDurationMs).toBe(0);
    expect(changes.length).toBeGreaterThanOrEqual(2);
    expect(changes).toEqual(changes.map((_, index) => (index % 2 === 0 ? "speechstart" : "speechend")));
    await stage().expectReleased();
  });
}

function start({ page, url }: Stage): Promise<void> {
  return page.evaluate(
    async ({ url, unprocessed }) => {
      for (const name of ["gate", "recording"]) {
        const script = Object.assign(document.createElement("script"), { type: "module", src: `/${name}.js` });
        const loaded = new Promise((resolve) => script.addEventListener("load", resolve, { once: true }));
        document.head.append(script);
        await loaded;
      }
      globalThis.copy = recording();
      globalThis.speechChanges = [];
      globalThis.stream = sdk.createMicrophoneStream(url, {
        gate: voiceGate({ hangoverMs: 300 }),
        recording: copy,
        microphone: unprocessed,
      });
      for (const type of ["speechstart", "speechend"] as const) {
        stream.addEventListener(type, () => speechChanges.push(type));
      }
      await stream.start();
    },
    { url, unprocessed: UNPROCESSED },
  );
}
