import type { Page } from "playwright-core";
import { PROCESSOR_NAME, type ProcessorMessage, type ProcessorSettings } from "../../src/worklet/port-messages.js";

const INPUT_RATE = 48_000;
const SETTINGS: ProcessorSettings = {
  encoding: "pcm_f32le",
  channels: "left",
  sampleRate: 16_000,
  frameDurationMs: 20,
  position: 0,
};

export interface OfflineCapture {
  /** Address of the audio-thread module, or its code. */
  readonly worklet: { readonly url: string } | { readonly code: string };
  readonly seconds: number;
  /** Takes WebAssembly away from the audio thread; needs a page that may load worklets from a blob. @defaultValue false */
  readonly withoutWebAssembly?: boolean;
}

/**
 * Renders noise through the package's processor on an audio thread of the browser, as fast as it goes.
 * @returns half a second of what came out.
 */
export function captureOffline(page: Page, given: OfflineCapture): Promise<readonly number[]> {
  return page.evaluate(
    async ({ given: { worklet, seconds, withoutWebAssembly = false }, processor, settings, inputRate }) => {
      const context = new OfflineAudioContext(1, seconds * inputRate, inputRate);
      const modules =
        "url" in worklet ? [worklet.url] : [URL.createObjectURL(new Blob([worklet.code], { type: "text/javascript" }))];
      if (withoutWebAssembly) {
        const code = "delete globalThis.WebAssembly;";
        modules.unshift(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
      }
      for (const module of modules) await context.audioWorklet.addModule(module);
      const buffer = context.createBuffer(1, seconds * inputRate, inputRate);
      const noise = buffer.getChannelData(0);
      let state = 1;
      for (let index = 0; index < noise.length; index += 1) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
        noise[index] = state / 0x8000_0000;
      }
      const source = new AudioBufferSourceNode(context, { buffer });
      const node = new AudioWorkletNode(context, processor, { outputChannelCount: [1], processorOptions: settings });
      source.connect(node).connect(context.destination);
      source.start();
      const samples: number[] = [];
      const heard = new Promise<void>((resolve) => {
        node.port.onmessage = ({ data }: MessageEvent<ProcessorMessage>) => {
          if (data.type === "frame" && samples.length < settings.sampleRate / 2) {
            samples.push(...new Float32Array(data.payload));
          } else resolve();
        };
      });
      await context.startRendering();
      await heard;
      node.port.close();
      return samples;
    },
    { given, processor: PROCESSOR_NAME, settings: SETTINGS, inputRate: INPUT_RATE },
  );
}
