import { expect, it } from "vitest";
import type { PageStream } from "../browser/page-stream.js";
import { audioOf } from "../support/chromium-page-tap.js";
import type { Stage } from "./stage.js";

export function speechScenes(stage: () => Stage): void {
  const expectKeptWithoutGap = async (stream: PageStream): Promise<void> => {
    const { audio } = await stage().expectKept(stream);
    const { samplesCaptured, captureGapCount } = await stream.stats();
    expect(audio.samples).toHaveLength(samplesCaptured);
    expect(captureGapCount).toBe(0);
  };

  it("is on the server's disk without a gap and without a repetition", () =>
    stage().play(async () => {
      const stream = await stage().startStream("mix");
      await stage().speak("long");
      await stream.close();
      await expectKeptWithoutGap(stream);
      expect(await stream.stats()).toMatchObject({ framesRetransmitted: 0, reconnectCount: 0 });
      const { states, warnings } = await stream.record();
      expect(states).toEqual(["starting", "streaming", "closing", "closed"]);
      expect(warnings).toEqual([]);
      await stage().expectReleased();
      const { snrDb } = (await stage().recording("mix")).expectSpoken(stage().spoken("long"));
      console.log(`${stage().page.version}: SNR ${snrDb.toFixed(1)} dB`);
    }));

  // socketio/socket.io#5363: frames in flight are lost, or sent twice and kept twice.
  it("over a connection that is cut twice, once before the server could acknowledge, costs not a sample", () =>
    stage().play(async () => {
      const { proxy } = stage();
      const stream = await stage().startStream();
      const { capturedDurationMs } = await stream.stats();
      const connections = proxy.connectionCount;
      const speaking = stage().speak("long");
      await stream.captured(capturedDurationMs + 800);
      proxy.reset();
      await proxy.until("it connects again", () => proxy.connectionCount > connections);
      await stream.captured(capturedDurationMs + 2_000);
      proxy.hold("toClient");
      const received = proxy.delivered("toServer");
      await proxy.until("audio arrives that is not acknowledged", () => proxy.delivered("toServer") > received + 9_600);
      proxy.reset();
      proxy.pass("toClient");
      await proxy.until("it connects once more", () => proxy.connectionCount > connections + 1);
      await speaking;
      await stream.close();
      expect((await stream.record()).reconnections.map(({ resumed }) => resumed)).toEqual([true, true]);
      await expectKeptWithoutGap(stream);
      const recording = await stage().recording();
      recording.expectHeard();
      recording.expectSpoken(stage().spoken("long"));
    }));

  // alphacep/vosk-server#254, deepgram/deepgram-dotnet-sdk#420: the last words are missing.
  it("that is closed in the middle of a word is kept to the last sample heard before, and has its caption", async () => {
    const stream = await stage().startStream();
    const { capturedDurationMs } = await stream.stats();
    const speaking = stage().microphone.speak(stage().file("long"));
    await stream.captured(capturedDurationMs + 2_500);
    const heard = audioOf(
      await stage().page.evaluate(async () => {
        const [heard] = tapped();
        await stream.close();
        if (heard === undefined) throw new Error("Nothing was heard.");
        return heard;
      }),
    );
    const lastWord = heard.samples.slice(-heard.sampleRate / 10).map(Math.abs);
    expect(Math.max(...lastWord)).toBeGreaterThan(0.05);
    const recording = await stage().recording();
    const { audio } = recording;
    const { offsetSamples } = recording.expectHeard(heard);
    const endOfHeard = offsetSamples + (heard.samples.length * audio.sampleRate) / heard.sampleRate;
    expect(audio.samples.length).toBeGreaterThanOrEqual(Math.floor(endOfHeard));
    const captions = (await stream.record()).messages.filter(({ t }) => t === "asr.final");
    const end = (audio.samples.length / audio.sampleRate).toFixed(2);
    expect(captions.at(-1)?.data).toMatchObject({ text: expect.stringMatching(new RegExp(`–${end} s$`)) });
    await stage().expectReleased();
    await speaking;
  });

  // elevenlabs/packages#688, Picovoice/web-voice-processor#5: the microphone stays on.
  it("that is aborted lets go of the microphone inside the call, and the sound server sees nobody record", async () => {
    const pageStream = await stage().startStream();
    expect(await stage().sound.recorders()).toBeGreaterThan(0);
    const left = await stage().page.evaluate(() => {
      stream.abort();
      return { tracks: liveResources().tracks, state: stream.state };
    });
    expect(left).toEqual({ tracks: 0, state: "closed" });
    expect(await pageStream.ended()).toMatchObject({ outcome: "aborted" });
    await stage().expectReleased();
  });
}
