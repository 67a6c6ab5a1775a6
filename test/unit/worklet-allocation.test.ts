import { describe, expect, it } from "vitest";
import { CapturePipeline } from "../../src/worklet/capture-pipeline.js";
import { GatedPipeline } from "../../src/worklet/gate/gated-pipeline.js";
import type { CaptureEncoding, ChannelPolicy, GateTerms } from "../../src/worklet/port-messages.js";
import { RESAMPLER_KERNELS } from "../support/resampler-kernels.js";
import { type Allocation, sampleHeap } from "../support/sample-heap.js";
import { noise } from "../support/signals.js";

const QUANTUM = 128;
/** Beyond the 31 bits that engines keep apart from the heap: half a day of audio. */
const LATE_FRAME = 2 ** 31;
/** More than it takes until everything is compiled. */
const WARM_UP = 20_000;
/** The engine may still compile something anew; what is steady shows in the calmest window as well. */
const WINDOWS = 3;
const QUANTA = 10_000;
/** Compiling leaves a little as well. The smallest object that could be left behind in each quantum has twelve bytes. */
const BYTES_PER_QUANTUM = 1;
/** On the heap: a message, its list of buffers, and what stands for the payload, which itself lies outside. */
const BYTES_PER_FRAME = 400;
/** A gate adds what it has heard, which it may have to take the samples away from, and reads the payload. */
const BYTES_PER_GATED_FRAME = 700;
/** A frame has as many samples as the wire's header can count; there are so few that all that remains is per quantum. */
const LONGEST_FRAME_MS = 4_000;

interface Case {
  readonly from: number;
  readonly encoding: CaptureEncoding;
  readonly channels: ChannelPolicy;
  readonly inputs: number;
  /** Of the resampler. */
  readonly kernel: (typeof RESAMPLER_KERNELS)[number]["kernel"];
  readonly gate?: GateTerms;
}

interface Window extends Allocation {
  readonly frames: number;
}

const GATE: GateTerms = { withholds: true, preRollMs: 150, hangoverMs: 700, thresholdDb: 6 };

const CASES: readonly Case[] = [
  { from: 48_000, encoding: "pcm_s16le", channels: "mix", inputs: 1, kernel: "TypeScript" },
  { from: 48_000, encoding: "pcm_s16le", channels: "mix", inputs: 2, kernel: "TypeScript" },
  { from: 48_000, encoding: "pcm_s16le", channels: "mix", inputs: 1, kernel: "WebAssembly" },
  { from: 44_100, encoding: "pcm_f32le", channels: "stereo", inputs: 2, kernel: "TypeScript" },
  { from: 44_100, encoding: "pcm_f32le", channels: "stereo", inputs: 2, kernel: "WebAssembly" },
  { from: 16_000, encoding: "mulaw", channels: "right", inputs: 2, kernel: "TypeScript" },
  { from: 44_099, encoding: "pcm_s16le", channels: "mix", inputs: 1, kernel: "TypeScript" },
  { from: 48_000, encoding: "pcm_s16le", channels: "mix", inputs: 1, kernel: "TypeScript", gate: GATE },
  { from: 44_100, encoding: "mulaw", channels: "stereo", inputs: 2, kernel: "TypeScript", gate: GATE },
];

/** Renders many quanta from the same buffers, as an engine does, and looks at the heap while it is at it. */
async function render(
  { from, encoding, channels, inputs, kernel, gate }: Case,
  frameDurationMs: number,
): Promise<Window> {
  let frames = 0;
  const settings = { encoding, channels, sampleRate: 16_000, frameDurationMs, position: 0, gate };
  const count = (): void => {
    frames += 1;
  };
  const open = RESAMPLER_KERNELS.find((known) => known.kernel === kernel)?.open;
  const pipeline = new (gate === undefined ? CapturePipeline : GatedPipeline)(from, settings, count, open);
  const buffers = Array.from({ length: inputs }, (_, index) => noise(QUANTUM, index + 1));
  let frame = LATE_FRAME;
  const run = (quanta: number): void => {
    for (let turn = 0; turn < quanta; turn += 1) {
      pipeline.process(buffers, frame);
      frame += QUANTUM;
    }
  };
  run(WARM_UP);
  const windows: Window[] = [];
  for (let count = 0; count < WINDOWS; count += 1) {
    frames = 0;
    const allocation = await sampleHeap("/src/worklet/", () => run(QUANTA));
    windows.push({ ...allocation, frames });
  }
  return windows.reduce((calmest, window) => (window.bytes < calmest.bytes ? window : calmest));
}

// WebAudio/web-audio-api#2632: garbage on the audio thread is collected on the audio thread, and a quantum is missed.
describe.each(CASES)(
  "capture of $inputs channels of $from Hz in $kernel, $channels, as $encoding, gate: $gate",
  (given) => {
    const perFrame = given.gate === undefined ? BYTES_PER_FRAME : BYTES_PER_GATED_FRAME;

    it("allocates nothing per quantum", async () => {
      const { bytes, frames, places } = await render(given, LONGEST_FRAME_MS);
      expect(bytes, places.join("\n")).toBeLessThanOrEqual(frames * perFrame + QUANTA * BYTES_PER_QUANTUM);
    });

    it("allocates one small message for each frame of 20 ms, and nothing else", async () => {
      const { bytes, frames, places } = await render(given, 20);
      console.log(`${(bytes / frames).toFixed(0)} bytes of heap for each of ${frames} frames, in ${QUANTA} quanta`);
      expect(bytes).toBeGreaterThan(0);
      expect(bytes, places.join("\n")).toBeLessThanOrEqual(frames * perFrame + QUANTA * BYTES_PER_QUANTUM);
    });
  },
);
