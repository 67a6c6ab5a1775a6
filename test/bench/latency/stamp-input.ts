import type { TraceEvent } from "../tracing.js";
import { GROUP_SAMPLES, STAMPED_SAMPLE } from "./stamps.js";

/** The category of the trace that has to be on. */
export const STAMP_CATEGORY = "blink.console";
const LABEL = "handed over ";

/**
 * JavaScript to run in a page before any script of its own.
 * @param timed whether the trace gets to know when each quantum was handed over. That costs memory for as long as it goes on,
 * and each context begins at zero; otherwise each begins beyond all numbers that earlier ones have used.
 */
export const stampInput = (sampleRate: number, { timed }: { readonly timed: boolean }): string => `{
  const module = \`${worklet(timed)}\`;
  const moduleFor = (begin) => URL.createObjectURL(new Blob(["const begin = " + begin + ";", module], { type: "text/javascript" }));
  globalThis.AudioContext = class extends AudioContext {
    constructor(options) {
      super({ ...options, sampleRate: ${sampleRate} });
      const worklet = this.audioWorklet;
      const addModule = worklet.addModule.bind(worklet);
      const begin = ${timed} ? 0 : ${GROUP_SAMPLES} * Math.ceil((performance.now() * ${sampleRate}) / ${1_000 * GROUP_SAMPLES});
      const stamping = addModule(moduleFor(begin));
      worklet.addModule = async (...all) => {
        await stamping;
        return addModule(...all);
      };
    }
  };
}`;

/**
 * Puts itself between the engine and every processor, and gives it stamped samples instead of the engine's own. The audio
 * thread has no clock that is finer than milliseconds, but the console's timers are in the browser's trace.
 */
const worklet = (timed: boolean): string => `
  ${STAMPED_SAMPLE}
  const stamped = new Float32Array(128);
  const register = registerProcessor;
  globalThis.registerProcessor = (name, Processor) => register(name, class extends Processor {
    process(inputs, outputs, parameters) {
      const channels = inputs[0];
      if (channels === undefined || channels.length === 0) return super.process(inputs, outputs, parameters);
      for (let index = 0; index < stamped.length; index += 1) stamped[index] = stampedSample(begin + currentFrame + index);
      if (${timed}) console.time("${LABEL}" + currentFrame);
      return super.process([channels.map(() => stamped)], outputs, parameters);
    }
  });`;

/** When each quantum was handed over, in milliseconds on the machine's monotonic clock, by the position of its first sample. */
export function handedQuanta(events: readonly TraceEvent[]): Map<number, number> {
  const quanta = new Map<number, number>();
  for (const { name, ts } of events) {
    if (name.startsWith(LABEL)) quanta.set(Number(name.slice(LABEL.length)), ts / 1_000);
  }
  return quanta;
}
