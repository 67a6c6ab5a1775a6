import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import type { EngineName } from "../support/engines/engine-page.js";
import type { Stage } from "./stage.js";

/** How long the page is left. */
const AWAY_MS = 1_500;

/** Engines that keep a page for the back button which streams. The others load it anew. */
const KEEPS_STREAMING: readonly EngineName[] = ["webkit"];

export function pageScenes(stage: () => Stage, name: EngineName): void {
  const isKept = (): Promise<boolean> => stage().page.evaluate(() => "stream" in globalThis);

  /** The page is left, and nobody hears what is said meanwhile. */
  const leaveAndComeBack = async (): Promise<void> => {
    await stage().leavePage();
    await eventually(() => stage().sound.recorders()).toBe(0);
    await stage().speak("second");
    await delay(AWAY_MS);
    await stage().comeBack();
  };

  // phoenixframework/phoenix#6804, livekit/client-sdk-js#1968, field report 24: never recovers after the back button.
  it("that is left while it streams lets go of the microphone, and streams again where the engine has kept it", async () => {
    const stream = await stage().startStream();
    await stage().speak("first");
    await leaveAndComeBack();
    const isExpected = KEEPS_STREAMING.includes(name);
    expect(await isKept()).toBe(isExpected);
    if (!isExpected) {
      await stage().expectReleased();
      return;
    }
    await stream.reached("streaming");
    await stage().settled(stream);
    await stage().speak("third");
    await stage().closed(stream);
    expect((await stream.record()).states).toEqual([
      "starting",
      "streaming",
      "interrupted",
      "streaming",
      "closing",
      "closed",
    ]);
    await stage().expectReleased();
  });

  it("that is written anew while it streams has the microphone off inside its last event all the same", async () => {
    await stage().startStream();
    const left = await stage().page.evaluate(async () => {
      const { stream, liveResources } = globalThis;
      document.open();
      document.write("<p>The page that was is gone, and its listeners with it.</p>");
      document.close();
      await new Promise((resolve) => setTimeout(resolve, 100));
      const before = { tracks: liveResources().tracks, state: stream.state };
      dispatchEvent(new PageTransitionEvent("pagehide", { persisted: false }));
      return { before, after: { tracks: liveResources().tracks, state: stream.state } };
    });
    expect(left).toEqual({ before: { tracks: 1, state: "streaming" }, after: { tracks: 0, state: "closed" } });
    await stage().expectReleased();
  });

  it.each(["auto", "page"] as const)(
    "whose frame is removed with a stream on host %s has the microphone off at once, and is told how the stream ended",
    async (host) => {
      await stage().openPage();
      const { url } = stage();
      const told = await stage().page.evaluate(
        async ({ url, host }) => {
          const frame = document.createElement("iframe");
          frame.src = "/";
          document.body.append(frame);
          const inner = (): typeof globalThis => frame.contentWindow as unknown as typeof globalThis;
          while (inner().sdk === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
          const stream = inner().sdk.createMicrophoneStream(url, { host });
          await stream.start();
          const { track } = stream;
          // Waited for before: Firefox runs nothing of a frame that is gone, and that includes a wait that begins then.
          const told = new Promise((resolve) => {
            void stream.closed.then(({ outcome }) => resolve(outcome));
            setTimeout(resolve, 10_000, "never");
          });
          frame.remove();
          const left = { track: track?.readyState, state: stream.state };
          return { left, outcome: await told };
        },
        { url, host },
      );
      expect(told).toEqual({ left: { track: "ended", state: "closed" }, outcome: "aborted" });
      await eventually(() => stage().sound.recorders()).toBe(0);
    },
  );
}
