import type { CapturePipelineClass } from "../worklet/capture-pipeline.js";
import type { GateTerms } from "../worklet/port-messages.js";
import type { CaptureModule } from "./graph/processor/capture-module.js";
import type { AudioSource } from "./source.js";

/** A gate as a value of a stream's option `gate`; made by `voiceGate()` of `loquilex/gate`. */
export interface VoiceGate {
  /** What it listens for. */
  readonly name: "voice";
}

/** Somebody speaks from a position of the stream on, or nobody. The same may be said again. */
export interface SpeechChange {
  readonly speaking: boolean;
  readonly position: number;
}

/** What a gate is made of, as a value, so that only an application that uses it carries it. */
export interface ImportedGate extends VoiceGate {
  /** What runs on the audio thread of streams with such a gate. */
  readonly module: CaptureModule;
  /** The same for one stream. */
  begin(): StreamGate;
}

/** The gate of one stream. */
export interface StreamGate extends Pick<ImportedGate, "module"> {
  readonly terms: GateTerms;
  /** For sources whose audio thread is the page. */
  readonly Pipeline: CapturePipelineClass;
  /** @throws TypeError for a source that does not obey it. */
  check(source: AudioSource): void;
  /** What the application hears of a change; `undefined` if it has heard of it. */
  toEvent(change: SpeechChange): Event | undefined;
}
