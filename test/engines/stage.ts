import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import { plainWord } from "../../examples/server/recording/recording-name.js";
import { eventually } from "../browser/eventually.js";
import { PageStream, type PageStreamOptions } from "../browser/page-stream.js";
import { html, TestSite } from "../browser/test-site.js";
import { BackendProcess } from "../support/backend-process.js";
import { audioOf, type TappedChannel, tapMicrophone } from "../support/chromium-page-tap.js";
import { type LiveResources, watchResources } from "../support/chromium-page-watch.js";
import { Belongings } from "../support/engines/belongings.js";
import type { EnginePage } from "../support/engines/engine-page.js";
import { type FoundEngine, launchEngine } from "../support/engines/engines.js";
import type { VirtualMicrophone } from "../support/engines/virtual-microphone.js";
import { VirtualSound } from "../support/engines/virtual-sound.js";
import { type Speech, writeSpeech } from "../support/speech.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { encodeWav, type MonoAudio, readWav } from "../support/wav.js";
import { MicrophoneStumbled, StageRecording } from "./stage-recording.js";

/** Pieces of one sentence that have nothing in common, each a few words long. */
const PARTS = { first: [0, 1_500], second: [2_900, 4_400], third: [4_750, 6_250], long: [0, 3_500] } as const;

/** Engines leave out audio by themselves now and then, and on a busy machine more of it. */
const ATTEMPTS = 2;

export type Part = keyof typeof PARTS;

/** Before the page's first script: both need nothing from outside themselves. */
const PAGE = html(
  `<script>(${watchResources})(); (${tapMicrophone})();</script><script type="module" src="/sdk.js"></script>`,
);
/** Where people go who come back by the back button. */
const ELSEWHERE = "/elsewhere";
/** With which an engine's own microphone leaves out least, as measured. */
const SOUND_STEP_MS = { chromium: 20, firefox: 10, webkit: 10 } as const;
/** An engine that has just opened a microphone leaves out some milliseconds here and there until its buffers have filled. */
export const SETTLE_MS = 1_500;
/** What has been played is in the page's hands after so long. */
const HEARD_MS = 500;

/** One engine with a microphone that is spoken into, and a server that it streams to. */
export class Stage implements AsyncDisposable {
  readonly sound: VirtualSound;
  readonly microphone: VirtualMicrophone;
  readonly backend: BackendProcess;
  readonly proxy: TcpProxy;
  readonly #site: TestSite;
  readonly #speech: Readonly<Record<Part, Speech>>;
  readonly #belongings: Belongings;
  readonly #launch: () => Promise<EnginePage>;
  #page: EnginePage;

  private constructor(
    belongings: Belongings,
    parts: Pick<Stage, "page" | "sound" | "microphone" | "backend" | "proxy">,
    launch: () => Promise<EnginePage>,
    site: TestSite,
    speech: Readonly<Record<Part, Speech>>,
  ) {
    this.#belongings = belongings;
    this.#page = parts.page;
    this.#launch = launch;
    belongings.defer(() => this.#page[Symbol.asyncDispose]());
    this.sound = parts.sound;
    this.microphone = parts.microphone;
    this.backend = parts.backend;
    this.proxy = parts.proxy;
    this.#site = site;
    this.#speech = speech;
  }

  get page(): EnginePage {
    return this.#page;
  }

  static async set(engine: FoundEngine): Promise<Stage> {
    const belongings = new Belongings();
    return belongings.unlessItFails(async () => {
      const folder = await mkdtemp(join(tmpdir(), "loquilex-speech-"));
      belongings.defer(() => rm(folder, { recursive: true, force: true }));
      const write = (part: Part): Promise<Speech> =>
        writeSpeech({ folder, what: "sentence", part: PARTS[part], sampleRate: 48_000, leadMs: 200, tailMs: 200 });
      const speech = {
        first: await write("first"),
        second: await write("second"),
        third: await write("third"),
        long: await write("long"),
      };
      const site = belongings.use(
        await TestSite.serve({ "/": { html: PAGE }, [ELSEWHERE]: { html: html("Another page.") } }),
      );
      const backend = belongings.use(await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } }));
      const proxy = belongings.use(await TcpProxy.listen({ targetPort: backend.port }));
      const sound = belongings.use(await VirtualSound.start(SOUND_STEP_MS[engine.name]));
      const microphone = await sound.plugIn("FirstMicrophone");
      await microphone.makeDefault();
      const launch = (): Promise<EnginePage> => launchEngine(engine, sound.env);
      return new Stage(belongings, { page: await launch(), sound, microphone, backend, proxy }, launch, site, speech);
    });
  }

  /**
   * Plays a scene again if the engine's own microphone stumbled. Where it stumbles each time, the scene has shown that all
   * that the engine heard was kept, and the rest is told: a scene demands what was spoken at its end.
   */
  async play(scene: () => Promise<void>): Promise<void> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      try {
        await scene();
        return;
      } catch (error) {
        if (!(error instanceof MicrophoneStumbled)) throw error;
        const next = attempt < ATTEMPTS ? "Once more." : "What it gave to the page was kept to the sample.";
        console.warn(`${this.page.version}: ${error.message} ${next}`);
      }
    }
  }

  /** Waits until the stream hears the microphone that an engine has just opened, and lets what comes in settle. */
  async settled(stream: PageStream): Promise<void> {
    const { capturedDurationMs } = await stream.stats();
    await stream.captured(capturedDurationMs + 100);
    await delay(SETTLE_MS);
  }

  /** Of the server, over the proxy. */
  get url(): string {
    return `ws://127.0.0.1:${this.proxy.port}/v1/stream`;
  }

  /** A fresh page, without a stream. */
  async openPage(): Promise<void> {
    await this.#clear();
    await this.page.open(this.#site.url());
    // WebKit and Firefox sometimes call a page loaded whose module has not run yet.
    await eventually(() => this.page.evaluate(() => "sdk" in globalThis)).toBe(true);
  }

  /** Goes to another page. */
  leavePage(): Promise<void> {
    return this.page.open(this.#site.url(ELSEWHERE));
  }

  /** Presses the back button, and resolves once the page that was left is there: as it was, or loaded anew. */
  async comeBack(): Promise<void> {
    await this.page.evaluate(() => void setTimeout(() => history.back()));
    await eventually(() => this.page.evaluate(() => "sdk" in globalThis).catch(() => false)).toBe(true);
  }

  /** By which the page knows a microphone, when it has had one. */
  deviceId({ name }: VirtualMicrophone): Promise<string> {
    return this.page.evaluate(async (name) => {
      const microphones = await sdk.listMicrophones();
      const found = microphones.find(({ label }) => label.includes(name));
      if (found === undefined) throw new Error(`There is no ${name} among ${JSON.stringify(microphones)}.`);
      return found.deviceId;
    }, name);
  }

  /**
   * A fresh page, in which a stream to the server starts and the microphone has come to rest.
   * @param channels by default the one that the page's tap hears: a mix of channels that stumble one by one is neither.
   */
  async startStream(channels: PageStreamOptions["channels"] = "left"): Promise<PageStream> {
    // Whatever became of it in the scene before.
    await this.microphone.plugIn();
    await this.microphone.makeDefault();
    await this.openPage();
    return this.#start({ channels });
  }

  /** The same, from a microphone that the page has chosen among those that it knows since it was allowed to use one. */
  async startChosen(chosen: VirtualMicrophone): Promise<PageStream> {
    await this.microphone.plugIn();
    await chosen.plugIn();
    await this.microphone.makeDefault();
    await this.openPage();
    await this.page.evaluate(async () => {
      const allowed = await navigator.mediaDevices.getUserMedia({ audio: true });
      for (const track of allowed.getTracks()) track.stop();
    });
    // An engine that has just started on a busy machine may take some seconds for its first list.
    await eventually(() => this.deviceId(chosen).catch(() => "")).not.toBe("");
    return this.#start({ channels: "left", deviceId: await this.deviceId(chosen) });
  }

  async #start(options: PageStreamOptions): Promise<PageStream> {
    const stream = await PageStream.create(this.page, this.url, options);
    await stream.start();
    await this.settled(stream);
    return stream;
  }

  /** Ends what the scene before left; a browser that does not answer any more is replaced. */
  async #clear(): Promise<void> {
    try {
      await this.page.evaluate(() => globalThis.stream?.abort());
    } catch (error) {
      console.warn(`${this.page.version} is started anew: ${error}`);
      await Promise.resolve(this.#page[Symbol.asyncDispose]()).catch(() => {});
      this.#page = await this.#launch();
    }
  }

  /** Speaks into a microphone, and waits until the stream must have heard it. */
  async speak(part: Part, into = this.microphone): Promise<void> {
    await into.speak(this.file(part));
    await delay(HEARD_MS);
  }

  /** Speaks two parts of one length at once, one into the left and one into the right. */
  async speakBoth(left: Part, right: Part, into: VirtualMicrophone): Promise<void> {
    const path = `${this.file(left)}-${right}.wav`;
    await writeFile(path, encodeWav(this.spoken(left), this.spoken(right)));
    await into.speak(path);
    await delay(HEARD_MS);
  }

  /** Of what is spoken, for who does not want to wait for it. */
  file(part: Part): string {
    return this.#speech[part].path;
  }

  spoken(part: Part): MonoAudio {
    return this.#speech[part].audio;
  }

  /** What the server has kept of the page's stream, and what the browser's microphone has given to the page. */
  async recording(channel?: TappedChannel): Promise<StageRecording> {
    const path = await this.recordingPath(await this.page.evaluate(() => stream.sessionId));
    return new StageRecording(await readWav(path), await this.heard(channel));
  }

  /** Of what the server has kept of a session. */
  async recordingPath(sessionId: string): Promise<string> {
    const files = await this.backend.files(".wav");
    const path = files.find((path) => path.includes(plainWord(sessionId)));
    if (path === undefined) throw new Error(`The server has no recording of ${sessionId} among ${files.join(", ")}.`);
    return path;
  }

  /** What each of the page's microphones has given to it, by default in its left channel. */
  async heard(channel: TappedChannel = "left"): Promise<MonoAudio[]> {
    return (await this.page.evaluate((channel) => tapped(channel), channel)).map(audioOf);
  }

  /** What the page holds now, of all it has ever opened. */
  live(): Promise<LiveResources> {
    return this.page.evaluate(() => liveResources());
  }

  /** Demands that nobody records any more, neither by what the page says nor by what the sound server does. */
  async expectReleased(): Promise<void> {
    expect(await this.live()).toMatchObject({ tracks: 0, contexts: 0 });
    await eventually(() => this.sound.recorders()).toBe(0);
  }

  /** Demands of a stream that was closed that each sample of it is on the server's disk, in its place, and none was dropped. */
  async expectKept(stream: PageStream): Promise<StageRecording> {
    const { samplesCaptured, acknowledgedDurationMs, capturedDurationMs } = await stream.stats();
    const recording = await this.recording();
    expect((await stream.record()).drops).toEqual([]);
    expect(acknowledgedDurationMs).toBe(capturedDurationMs);
    expect(recording.audio.samples.length).toBeGreaterThanOrEqual(samplesCaptured);
    return recording;
  }

  /** Closes a stream that was to hear the first and the third part and nothing else, and demands that, and that all was kept. */
  async closed(stream: PageStream): Promise<StageRecording> {
    await stream.close();
    const recording = await this.expectKept(stream);
    recording.expectOnly(this.spoken("first"), this.spoken("third"));
    return recording;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#belongings[Symbol.asyncDispose]();
  }
}
