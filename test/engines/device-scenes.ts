import { setTimeout as delay } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import type { PageStream } from "../browser/page-stream.js";
import type { VirtualMicrophone } from "../support/engines/virtual-microphone.js";
import type { Stage } from "./stage.js";

/** How long a device is gone in these scenes. */
const GONE_MS = 1_500;
/** How well the time of the page's answers tells how much must have been captured by then. */
const CLOCK_MS = 300;

export function deviceScenes(stage: () => Stage): void {
  const expectOneSession = async (stream: PageStream): Promise<void> => {
    expect((await stream.record()).reconnections).toEqual([]);
    expect(await stream.ended()).toMatchObject({ outcome: "closed" });
  };

  // muaz-khan/RecordRTC#29, nextcloud/spreed#6604: the headset is unplugged, and silence is recorded from then on.
  it("that is pulled out and plugged in again is heard again, and its time is a gap", async () => {
    const stream = await stage().startStream();
    await stage().speak("first");
    const pulledOutAt = performance.now();
    const before = await stream.stats();
    await stage().microphone.pullOut();
    await eventually(async () => (await stream.record()).states).toContain("interrupted");
    await delay(GONE_MS);
    await stage().microphone.plugIn();
    await stage().microphone.makeDefault();
    // Firefox goes on meanwhile with the monitor of an output, which it offers as a microphone too.
    const labels = async (): Promise<string[]> => (await stream.record()).deviceChanges.map(({ label }) => label);
    await eventually(async () => (await labels()).at(-1)).toMatch(/^(?!Monitor)/);
    await stream.reached("streaming");
    await stage().settled(stream);
    const after = await stream.stats();
    const passedMs = performance.now() - pulledOutAt;
    expect(Math.abs(after.capturedDurationMs - before.capturedDurationMs - passedMs)).toBeLessThan(CLOCK_MS);
    await stage().speak("third");
    const recording = await stage().closed(stream);
    const { deviceChanges, warnings } = await stream.record();
    expect(deviceChanges.map(({ reason }) => reason)).toContain("device-lost");
    expect(warnings).toContain("capture-interrupted");
    const { samplesCaptured } = await stream.stats();
    const gapMs = (recording.audio.samples.length - samplesCaptured) / 16;
    expect(gapMs).toBeGreaterThan((await labels()).length === 1 ? GONE_MS : 0);
    await expectOneSession(stream);
    await stage().expectReleased();
  });

  describe("beside another", () => {
    let other: VirtualMicrophone;

    beforeAll(async () => {
      other = await stage().sound.plugIn("SecondMicrophone");
    });

    it("that is pulled out is replaced by another that is there", async () => {
      const stream = await stage().startStream();
      await stage().speak("first");
      await stage().microphone.pullOut();
      // Where the sound server hands the engine the other one by itself, the stream is not even interrupted.
      await delay(GONE_MS);
      await stream.reached("streaming");
      await stage().settled(stream);
      await stage().speak("third", other);
      await stage().closed(stream);
      await expectOneSession(stream);
    });

    it("is switched to another while it streams, and both are heard", async () => {
      const stream = await stage().startStream();
      await stage().speak("first");
      await stream.setDevice(await stage().deviceId(other));
      await stage().settled(stream);
      await stage().speak("second");
      await stage().speak("third", other);
      await stage().closed(stream);
      const { deviceChanges, states } = await stream.record();
      expect(deviceChanges).toEqual([{ reason: "requested", label: expect.stringContaining(other.name) }]);
      expect(states).not.toContain("interrupted");
      await expectOneSession(stream);
      await stage().expectReleased();
    });

    // jitsi/lib-jitsi-meet#2933, microsoft/cognitive-services-speech-sdk-js#957, mdn/content#41220, field report 51
    it("that is chosen is the one that is heard, at the start and after a pause that released it", async () => {
      const stream = await stage().startChosen(other);
      expect(await stream.trackLabel()).toContain(other.name);
      await stage().speak("first", other);
      await stage().speak("second");
      await stream.pause({ releaseDevice: true });
      await stream.resume();
      await stage().settled(stream);
      expect(await stream.trackLabel()).toContain(other.name);
      await stage().speak("second");
      await stage().speak("third", other);
      await stage().closed(stream);
      await expectOneSession(stream);
      await stage().expectReleased();
    });

    // jitsi/lib-jitsi-meet#2933, field report 51
    it("that is chosen and lost is the one that is heard again, once it is back and gives sound", async () => {
      const stream = await stage().startChosen(other);
      await stage().speak("first", other);
      await other.pullOut();
      // Chromium names the browser's choice by its alias.
      await eventually(() => stream.trackLabel()).toMatch(/^(?:Default|FirstMicrophone)/);
      await other.plugIn();
      await using _ = other.rustle();
      await eventually(async () => (await stream.record()).deviceChanges.at(-1)).toEqual({
        reason: "device-returned",
        label: expect.stringContaining(other.name),
      });
      expect(await stream.trackLabel()).toContain(other.name);
      await stage().settled(stream);
      await stage().speak("second");
      await stage().speak("third", other);
      await stage().closed(stream);
      await expectOneSession(stream);
      await stage().expectReleased();
    });
  });
}
