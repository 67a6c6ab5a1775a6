import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { PageStream } from "../browser/page-stream.js";
import { html, TestSite } from "../browser/test-site.js";
import { BackendProcess } from "../support/backend-process.js";
import { Belongings } from "../support/engines/belongings.js";
import type { EngineName, EnginePage } from "../support/engines/engine-page.js";
import { launchEngine } from "../support/engines/engines.js";
import { ensureSound, findEngine } from "../support/engines/find-engines.js";
import type { VirtualMicrophone } from "../support/engines/virtual-microphone.js";
import { VirtualSound } from "../support/engines/virtual-sound.js";
import { sine } from "../support/signals.js";
import { SpeakingServer } from "../support/speaking-server.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { toneLevels } from "../support/tone-level.js";
import { bytesOf, differenceOf, voiceNoise } from "../support/voice-noise.js";
import { encodeWav } from "../support/wav.js";
import { wavChannels } from "../support/wav-channels.js";
import { readWavChunks } from "../support/wav-chunks.js";

declare global {
  var mix: typeof import("loquilex/mix").mix;
  /** What has left the player, without silence, as 16-bit integers. */
  var playedSamples: number[];
  /** Whether what leaves the player is written down. */
  var isTapped: boolean;
  var mixRecord: {
    readonly drops: { readonly from: number; readonly to: number }[];
    readonly warnings: string[];
  };
  var playbackEvents: { type: string; position: number }[];
}

// Chromium is seen in `more/playback` and `more/two-clocks`.
const NAMES = ["firefox", "webkit"] as const satisfies readonly EngineName[];
const RATE = 24_000;

interface Opened extends AsyncDisposable {
  readonly page: EnginePage;
  readonly microphone: VirtualMicrophone;
}

/** An engine with a microphone, and a page that has the SDK and these parts of it. */
async function openIn(name: EngineName, scripts: readonly string[]): Promise<Opened | undefined> {
  const engine = await findEngine(name);
  if (engine === undefined) {
    expect(process.env.LX_ENGINES, `${name} is not on this machine.`).not.toBe("all");
    return undefined;
  }
  const belongings = new Belongings();
  return belongings.unlessItFails(async () => {
    const tags = ["sdk", ...scripts].map((script) => `<script type="module" src="/${script}.js"></script>`);
    const site = belongings.use(await TestSite.serve({ "/": { html: html(tags.join("")) } }));
    const sound = belongings.use(await VirtualSound.start(10));
    await sound.control("set-default-sink", "loudspeaker");
    const microphone = await sound.plugIn("Microphone");
    await microphone.makeDefault();
    const page = belongings.use(await launchEngine(engine, sound.env));
    await page.open(site.url());
    const names = ["sdk", ...scripts];
    await eventually(() => page.evaluate((wanted) => wanted.every((name) => name in globalThis), names)).toBe(true);
    return { page, microphone, [Symbol.asyncDispose]: () => belongings[Symbol.asyncDispose]() };
  });
}

/** Plays what a server says, and has an audio thread write down all that leaves the player. */
async function play(page: EnginePage, url: string): Promise<void> {
  await page.evaluate(() => {
    globalThis.playedSamples = [];
    globalThis.playbackEvents = [];
    globalThis.isTapped = false;
    const tap = `registerProcessor("tap", class extends AudioWorkletProcessor {
      process([[input]]) {
        if (input !== undefined && input.some((sample) => sample !== 0)) this.port.postMessage(input.slice());
        return true;
      }
    });`;
    globalThis.voice = playback({
      output(context) {
        const outlet = new GainNode(context);
        outlet.connect(context.destination);
        const address = URL.createObjectURL(new Blob([tap], { type: "text/javascript" }));
        context.audioWorklet.addModule(address).then(() => {
          const node = new AudioWorkletNode(context, "tap");
          node.port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
            for (const sample of data) if (sample !== 0) playedSamples.push(Math.round(sample * 32_768));
          };
          outlet.connect(node).connect(context.destination);
          globalThis.isTapped = true;
        });
        return outlet;
      },
    });
    for (const type of ["interrupted", "underrun", "gap"] as const) {
      voice.addEventListener(type, ({ position }) => playbackEvents.push({ type, position }));
    }
    voice.addEventListener("error", ({ error }) => playbackEvents.push({ type: error.message, position: 0 }));
  });
  const stream = await PageStream.create(page, url, { withVoice: true });
  await stream.start();
  await eventually(() => page.evaluate(() => isTapped)).toBe(true);
}

const positionOf = (page: EnginePage): Promise<number> => page.evaluate(() => voice.position);

beforeAll(ensureSound);

describe.each(NAMES)("what the server says, in %s", { timeout: 120_000 }, (name) => {
  it("is played to the sample through a cut and but for what was interrupted, which the server is told", async () => {
    const [first, second] = [voiceNoise(12, 2, RATE), voiceNoise(2, 3, RATE)];
    await using opened = await openIn(name, ["playback"]);
    if (opened === undefined) return;
    const { page } = opened;
    await using server = await SpeakingServer.listen(RATE);
    await using proxy = await TcpProxy.listen({ targetPort: server.port });
    await play(page, `ws://127.0.0.1:${proxy.port}/v1/stream`);
    server.sender.write(bytesOf(first));
    server.sender.end();
    await eventually(() => positionOf(page)).toBeGreaterThan(1.5 * RATE);
    // An odd count of bytes: in the middle of a frame.
    proxy.cutAfter("toClient", 1_777);
    await proxy.until("a second connection", () => proxy.connectionCount > 1);
    await eventually(() => positionOf(page)).toBeGreaterThan(4 * RATE);
    await page.evaluate(() => voice.interrupt());
    await eventually(async () => server.interruptedAt.length).toBe(1);
    const heard = server.interruptedAt[0] ?? 0;
    const from = server.sender.sent;
    expect(from).toBeGreaterThan(heard);
    server.sender.write(bytesOf(second));
    server.sender.end();
    await expect.poll(() => positionOf(page), { timeout: 20_000 }).toBe(from + second.length);
    const count = heard + second.length;
    await eventually(() => page.evaluate(() => playedSamples.length)).toBeGreaterThanOrEqual(count);
    // WebKit's driver does not take a list that long.
    const played = (await page.evaluate(() => playedSamples.join())).split(",").map(Number);
    expect(differenceOf(played, [...first.subarray(0, heard), ...second])).toBeUndefined();
    const events = await page.evaluate(() => playbackEvents);
    expect(events.filter(({ type }) => type !== "underrun")).toEqual([{ type: "interrupted", position: heard }]);
    console.log(
      `${page.version}: ${count} samples played, of ${from} sent cut off from ${heard} on, ${JSON.stringify(events)}`,
    );
    await page.evaluate(() => stream.abort());
  });
});

// WebKitGTK hears nothing of its microphone for seconds in one of four first tries on a busy machine, and says nothing of it.
describe.each(NAMES)("a microphone and a call as two channels, in %s", { timeout: 120_000, retry: 2 }, (name) => {
  const [PERSON_HZ, CALL_HZ] = [500, 1_300];

  it("arrive in one recording, each in its own channel, and every sample of it is accounted for", async () => {
    await using opened = await openIn(name, ["mix"]);
    if (opened === undefined) return;
    const { page, microphone } = opened;
    await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    const path = join(await temporaryFolder(), "person.wav");
    const samples = Float64Array.from(sine(PERSON_HZ, 48_000, 2 * 48_000, 0.3));
    await writeFile(path, encodeWav({ samples, sampleRate: 48_000 }));
    await page.evaluate(
      async ({ url, hz }) => {
        const context = new AudioContext();
        const outlet = new MediaStreamAudioDestinationNode(context);
        const call = new OscillatorNode(context, { frequency: hz });
        call.connect(new GainNode(context, { gain: 0.3 })).connect(outlet);
        call.start();
        const processing = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
        const source = globalThis.mix({ left: sdk.microphone(processing), right: sdk.mediaStream(outlet.stream) });
        const record: typeof mixRecord = { drops: [], warnings: [] };
        globalThis.mixRecord = record;
        globalThis.stream = new sdk.AudioStream({ source, transport: sdk.webSocket(url) }, { channelCount: 2 });
        stream.addEventListener("warning", ({ error }) => record.warnings.push(error.message));
        stream.addEventListener("drop", ({ from, to }) => record.drops.push({ from, to }));
        await stream.start();
      },
      { url: backend.webSocketUrl, hz: CALL_HZ },
    );
    await page.evaluate(() => new Promise<void>((resolve) => setTimeout(resolve, 1_000)));
    await microphone.speak(path);
    const stats = await page.evaluate(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await stream.close();
      return stream.getStats();
    });
    const record = await page.evaluate(() => mixRecord);
    const [file = ""] = await backend.files(".wav");
    const [left, right] = wavChannels(await readWavChunks(file));
    if (left === undefined || right === undefined) throw new Error("The recording has one channel.");
    expect([left.samples.length, right.samples.length]).toEqual([stats.samplesCaptured, stats.samplesCaptured]);
    expect(stats.acknowledgedDurationMs).toBe(stats.capturedDurationMs);
    expect(record.drops).toEqual([]);
    const heard = (channel: typeof left, hz: number): number =>
      toneLevels(channel.samples, hz, channel.sampleRate, 800).filter((level) => level > 0.05).length * 0.05;
    const figures = {
      "person, left": heard(left, PERSON_HZ),
      "call, left": heard(left, CALL_HZ),
      "person, right": heard(right, PERSON_HZ),
      "call, right": heard(right, CALL_HZ),
      seconds: left.samples.length / left.sampleRate,
    };
    console.log(`${page.version}: ${JSON.stringify(figures)} ${record.warnings}`);
    // A busy engine leaves out some of its own microphone.
    expect(figures["person, left"]).toBeGreaterThan(1.5);
    expect(figures["person, left"]).toBeLessThan(2.2);
    expect(figures["call, right"]).toBeGreaterThan(figures.seconds - 1);
    expect([figures["call, left"], figures["person, right"]]).toEqual([0, 0]);
  });
});
