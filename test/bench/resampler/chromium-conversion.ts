import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type Browser, chromium } from "playwright-core";
import { captureOffline } from "../../support/offline-capture.js";
import { renderers, shares, threadTimes } from "../cpu/thread-times.js";

/** Long enough for the first sound to have come through. */
const SETTLE_MS = 700;

/** Audio that the processor takes at once. */
const CAPTURE_SECONDS = 60;
const CAPTURE_RUNS = 8;
const WORKLET = fileURLToPath(new URL("../../../src/worklet/capture.worklet.ts", import.meta.url));

/** Chromium's own conversion, as it is done for a microphone of one rate in an `AudioContext` of another. */
export class ChromiumConversion implements AsyncDisposable {
  readonly version: string;
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
    this.version = browser.version();
  }

  static async launch(executablePath: string): Promise<ChromiumConversion> {
    const args = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"];
    return new ChromiumConversion(await chromium.launch({ executablePath, args }));
  }

  /** Root mean square of what becomes of a tone at full scale. */
  async levelOf(frequency: number, inputRate: number, outputRate: number): Promise<number> {
    const page = await this.#browser.newPage();
    try {
      return await page.evaluate(
        async ({ frequency, inputRate, outputRate, settleMs }) => {
          const source = new AudioContext({ sampleRate: inputRate });
          const tone = new OscillatorNode(source, { frequency });
          const stream = new MediaStreamAudioDestinationNode(source, { channelCount: 1 });
          tone.connect(stream);
          tone.start();
          const target = new AudioContext({ sampleRate: outputRate });
          const meter = new AnalyserNode(target, { fftSize: 4_096 });
          new MediaStreamAudioSourceNode(target, { mediaStream: stream.stream }).connect(meter);
          await new Promise((resolve) => setTimeout(resolve, settleMs));
          const samples = new Float32Array(meter.fftSize);
          meter.getFloatTimeDomainData(samples);
          await Promise.all([source.close(), target.close()]);
          let sum = 0;
          for (const sample of samples) sum += sample * sample;
          return Math.sqrt(sum / samples.length);
        },
        { frequency, inputRate, outputRate, settleMs: SETTLE_MS },
      );
    } finally {
      await page.close();
    }
  }

  /**
   * Of one core, in percent: the whole processor from 48 to 16 kHz on an audio thread, with all that Chromium does there.
   * The least of some runs.
   */
  async captureCost(withoutWebAssembly: boolean): Promise<number> {
    const { outputFiles } = await build({ entryPoints: [WORKLET], bundle: true, minify: true, write: false });
    const code = outputFiles[0]?.text ?? "";
    const page = await this.#browser.newPage();
    try {
      // A page of its own origin has AudioWorklet only where it is secure.
      await page.route("http://localhost/", (route) => route.fulfill({ contentType: "text/html", body: "" }));
      await page.goto("http://localhost/");
      const pids = await renderers(await this.#browser.newBrowserCDPSession());
      let least = Infinity;
      for (let run = 0; run < CAPTURE_RUNS; run += 1) {
        const given = { worklet: { code }, seconds: CAPTURE_SECONDS, withoutWebAssembly };
        const before = threadTimes(pids);
        await captureOffline(page, given);
        least = Math.min(least, shares(before, threadTimes(pids), CAPTURE_SECONDS * 1_000).audio);
      }
      return least;
    } finally {
      await page.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
