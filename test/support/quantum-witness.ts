/** What the audio thread of a page did, counted beside the SDK's processor and not by it. */
export interface QuantumCount {
  /** Quanta in which the SDK's processor was called. */
  readonly quanta: number;
  /** Of these, quanta in which the engine gave no input. */
  readonly withoutInput: number;
  /** Samples of input, at the context's rate. */
  readonly inputSamples: number;
  /** Times `currentFrame` was not where the quantum before had left it, and the samples in between. */
  readonly skips: number;
  readonly skippedSamples: number;
  /** The context's frames from the first input to the end of the last one. */
  readonly spanSamples: number;
  /** Whether the very first quantum was silent: the pipeline takes no such quantum for sound. */
  readonly firstWasSilent: boolean;
  /** Samples that the unbroken runs of input make at the wire's rate, each rounded by itself. */
  readonly expectedSamples: number;
  /** Samples in the frames that the SDK's processor posted. */
  readonly postedSamples: number;
  readonly contextRate: number;
}

declare global {
  /** Defined in pages that run {@link witnessQuanta} first: the count up to the first pause, once that is confirmed. */
  var quantumCount: () => Promise<QuantumCount>;
}

/**
 * Puts itself between the engine and every processor: counts each call and what it brings, and each frame the processor
 * posts. A confirmed command ends the count. Runs in the page before any script of its own, as text: it must use nothing
 * from outside itself.
 */
export function witnessQuanta(wireRate: number): void {
  const module = `
    const count = { quanta: 0, withoutInput: 0, inputSamples: 0, skips: 0, skippedSamples: 0, spanSamples: 0,
      firstWasSilent: false, expectedSamples: 0, postedSamples: 0, contextRate: sampleRate };
    const wireRate = ${wireRate};
    let expected = -1, first = 0, run = 0, over = false;
    const endRun = () => {
      count.expectedSamples += Math.round((run * wireRate) / sampleRate);
      run = 0;
    };
    const take = (channels) => {
      count.quanta += 1;
      const length = channels?.[0]?.length ?? 0;
      if (length === 0) {
        count.withoutInput += 1;
        return;
      }
      if (expected === -1) first = currentFrame;
      const silent = expected === -1 && channels.every((samples) => samples.every((sample) => sample === 0));
      // Chromium renders one quantum when a context starts and then jumps: nothing was heard before.
      const hasBegun = count.quanta - count.withoutInput > 2 || !count.firstWasSilent;
      if (expected !== -1 && !hasBegun) first = currentFrame - length;
      else if (expected !== -1 && currentFrame !== expected) {
        count.skips += 1;
        count.skippedSamples += currentFrame - expected;
        endRun();
      }
      count.inputSamples += length;
      if (silent) count.firstWasSilent = true;
      else run += length;
      expected = currentFrame + length;
      count.spanSamples = expected - first;
    };
    // Whichever port the frames go to.
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (message, ...more) {
      if (!over && message.type === "frame") count.postedSamples += message.sampleCount;
      if (!over && message.type === "done") {
        over = true;
        endRun();
      }
      post.call(this, message, ...more);
    };
    const register = registerProcessor;
    globalThis.registerProcessor = (name, Processor) => register(name, class extends Processor {
      process(...all) {
        if (!over) take(all[0][0]);
        return super.process(...all);
      }
    });
    register("witness", class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.told = false;
      }
      process() {
        if (over && !this.told) {
          this.told = true;
          this.port.postMessage(count);
        }
        return true;
      }
    });`;
  const url = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  let told: (count: QuantumCount) => void = () => {};
  const counted = new Promise<QuantumCount>((resolve) => {
    told = resolve;
  });
  globalThis.quantumCount = () => counted;
  globalThis.AudioContext = class extends AudioContext {
    constructor(options?: AudioContextOptions) {
      super(options);
      const worklet = this.audioWorklet;
      const addModule = worklet.addModule.bind(worklet);
      const witnessed = addModule(url).then(() => {
        const node = new AudioWorkletNode(this, "witness");
        node.port.onmessage = ({ data }: MessageEvent<QuantumCount>) => told(data);
        node.connect(this.destination);
      });
      worklet.addModule = async (...all) => {
        await witnessed;
        return addModule(...all);
      };
    }
  };
}
