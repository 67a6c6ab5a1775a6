/** The module that runs on the audio thread. It is bundled into one file by itself. */
import { CapturePipeline } from "./capture-pipeline.js";
import { Outlet } from "./outlet.js";
import { PROCESSOR_NAME, type ProcessorAttach, type ProcessorCommand, type ProcessorMessage } from "./port-messages.js";
import { openFastestConvolver } from "./resampler/simd-convolver.js";
import type { Processor, ProcessorOptions, WorkletScope } from "./worklet-scope.js";

const scope = globalThis as unknown as WorkletScope;
const NO_CHANNELS: readonly Float32Array[] = [];

class CaptureProcessor extends scope.AudioWorkletProcessor implements Processor {
  readonly #pipeline: CapturePipeline;

  constructor({ processorOptions }: ProcessorOptions) {
    super();
    const { port } = this;
    const outlet = new Outlet((message, transfer) => port.postMessage(message, transfer));
    this.#pipeline = new CapturePipeline(
      scope.sampleRate,
      processorOptions,
      (message, transfer) => outlet.send(message, transfer),
      openFastestConvolver,
    );
    port.onmessage = ({ data }: MessageEvent<ProcessorCommand | ProcessorAttach>) => {
      if (data.type === "attach") {
        const post = (message: ProcessorMessage, transfer: ArrayBuffer[]) => data.port.postMessage(message, transfer);
        outlet.attach(post, this.#pipeline.emittedTo);
        return;
      }
      this.#pipeline.command(data);
      if (data.type === "stop") port.close();
    };
  }

  process(inputs: readonly (readonly Float32Array[])[]): boolean {
    return this.#pipeline.process(inputs[0] ?? NO_CHANNELS, scope.currentFrame);
  }
}

try {
  scope.registerProcessor(PROCESSOR_NAME, CaptureProcessor);
} catch (error) {
  // The context already has it, from another load of this module.
  if (!(error instanceof Object && "name" in error && error.name === "NotSupportedError")) throw error;
}
