import { CapturePipeline, type MessageSink, type Pipeline } from "../capture-pipeline.js";
import type { ProcessorCommand, ProcessorSettings } from "../port-messages.js";
import type { OpenConvolver } from "../resampler/convolver.js";
import { FrameReader } from "./frame-reader.js";
import { SpeechGate } from "./speech-gate.js";

/** A capture pipeline with a {@link SpeechGate} behind it, which its frames and confirmations pass in order. */
export class GatedPipeline implements Pipeline {
  readonly #pipeline: CapturePipeline;
  /** `undefined` if the settings have none, as those of a processor that is only tried. */
  readonly #gate: SpeechGate | undefined;
  /** Which is being obeyed. */
  #command: ProcessorCommand["type"] = "resume";

  /** @param settings as of {@link CapturePipeline}, like all others. */
  constructor(inputRate: number, settings: ProcessorSettings, sink: MessageSink, openConvolver?: OpenConvolver) {
    const { gate: terms, sampleRate, encoding } = settings;
    const channels = settings.channels === "stereo" ? 2 : 1;
    const reader = new FrameReader(encoding);
    const gate = terms && new SpeechGate(terms, sampleRate, channels, (frame) => sink(frame, [frame.payload]));
    this.#gate = gate;
    this.#pipeline = new CapturePipeline(
      inputRate,
      settings,
      (message, transfer) => {
        if (gate !== undefined && message.type === "frame") {
          gate.take(message, reader.read(message.payload));
          return;
        }
        gate?.obey(this.#command);
        sink(message, transfer);
      },
      openConvolver,
    );
  }

  get emittedTo(): number {
    return this.#gate?.heldFrom ?? this.#pipeline.emittedTo;
  }

  process(channels: readonly Float32Array[], frame: number): boolean {
    return this.#pipeline.process(channels, frame);
  }

  command(command: ProcessorCommand): void {
    this.#command = command.type;
    this.#pipeline.command(command);
  }
}
