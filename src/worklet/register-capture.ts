import type { CapturePipelineClass, Pipeline } from "./capture-pipeline.js";
import { Outlet } from "./outlet.js";
import type { ProcessorAttach, ProcessorCommand, ProcessorMessage } from "./port-messages.js";
import { openFastestConvolver } from "./resampler/simd-convolver.js";
import type { Processor, ProcessorOptions, WorkletScope } from "./worklet-scope.js";

const NO_CHANNELS: readonly Float32Array[] = [];

/**
 * Offers a processor to the audio thread's context.
 * @param Pipeline what it runs.
 */
export function registerCapture(name: string, Pipeline: CapturePipelineClass): void {
  const scope = globalThis as unknown as WorkletScope;
  class CaptureProcessor extends scope.AudioWorkletProcessor implements Processor {
    readonly #pipeline: Pipeline;

    constructor({ processorOptions }: ProcessorOptions) {
      super();
      const { port } = this;
      const outlet = new Outlet((message, transfer) => port.postMessage(message, transfer));
      this.#pipeline = new Pipeline(
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
    scope.registerProcessor(name, CaptureProcessor);
  } catch (error) {
    // The context already has it, from another load of this module.
    if (!(error instanceof Object && "name" in error && error.name === "NotSupportedError")) throw error;
  }
}
