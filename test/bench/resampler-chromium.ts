import { type Browser, chromium } from "playwright-core";

/** Long enough for the first sound to have come through. */
const SETTLE_MS = 700;

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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
