import type { ProcessorSettings } from "./port-messages.js";

/** What an AudioWorkletGlobalScope has, as far as the capture needs it; TypeScript's own libraries do not declare it. */
export interface WorkletScope {
  /** Of the context, in Hz. */
  readonly sampleRate: number;
  /** Index of the current quantum's first sample since the context began. */
  readonly currentFrame: number;
  readonly AudioWorkletProcessor: new () => { readonly port: MessagePort };
  registerProcessor(name: string, processor: new (options: ProcessorOptions) => Processor): void;
}

export interface ProcessorOptions {
  readonly processorOptions: ProcessorSettings;
}

export interface Processor {
  /** @param inputs by input, then by channel. @returns whether the processor wants to live on. */
  process(inputs: readonly (readonly Float32Array[])[]): boolean;
}
