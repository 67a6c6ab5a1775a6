import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { TestSite } from "../browser/test-site.js";
import type { Stage } from "./stage.js";

export function controlScenes(stage: () => Stage): void {
  it("hears nothing while it is paused, and goes on at the next sample", async () => {
    const stream = await stage().startStream();
    await stage().speak("first");
    await stream.pause();
    await stage().speak("second");
    await stream.resume();
    await stage().settled(stream);
    await stage().speak("third");
    const recording = await stage().closed(stream);
    const { samplesCaptured, captureGapCount } = await stream.stats();
    expect(recording.audio.samples).toHaveLength(samplesCaptured);
    expect(captureGapCount).toBe(0);
  });

  it("lets go of the microphone in a pause that releases it, and has it again afterwards", async () => {
    const stream = await stage().startStream();
    await stage().speak("first");
    await stream.pause({ releaseDevice: true });
    expect(await stage().live()).toMatchObject({ tracks: 0 });
    await eventually(() => stage().sound.recorders()).toBe(0);
    await stream.resume();
    await eventually(() => stage().sound.recorders()).toBeGreaterThan(0);
    await stage().settled(stream);
    await stage().speak("third");
    await stage().closed(stream);
    await stage().expectReleased();
  });

  // elevenlabs/packages#675, livekit/client-sdk-js#65: the page says muted while audio flows, or the reverse.
  it("sends silence while it is muted, in time, and keeps the microphone", async () => {
    const stream = await stage().startStream();
    await stage().speak("first");
    await stream.mute(true);
    // The frames that are on their way to the page when it is muted.
    await delay(100);
    await stage().speak("second");
    expect(await stage().sound.recorders()).toBeGreaterThan(0);
    await stream.mute(false);
    await stage().speak("third");
    const recording = await stage().closed(stream);
    expect(recording.audio.samples).toHaveLength((await stream.stats()).samplesCaptured);
  });

  // Chromium and Firefox say why; WebKit blocks it without a word.
  it("on a page on https that asks for ws: says that the address has to begin with wss:", async () => {
    await using site = await TestSite.serve({}, "https");
    const { page } = stage();
    await page.open(site.url());
    await eventually(() => page.evaluate(() => "sdk" in globalThis)).toBe(true);
    const message = await page.evaluate(async () => {
      const source = sdk.samples([new Float32Array(1_600)], { sampleRate: 16_000, realTime: true });
      const transport = sdk.webSocket("ws://server.invalid/v1/stream");
      const stream = new sdk.AudioStream({ source, transport }, { reconnect: false });
      return stream.start().then(
        () => "It has started.",
        (error: Error) => error.message,
      );
    });
    expect(message).toContain("A page on https can only use wss:");
  });
}
