import type { ImportedGate, SpeechChange, StreamGate, VoiceGate } from "../capture/gate.js";
import type { CaptureModule } from "../capture/graph/processor/capture-module.js";
import type { AudioSource } from "../capture/source.js";
import { checkEach, checkObject, numberFrom, oneOf } from "../internal/arguments.js";
import { LateModule } from "../internal/late-module.js";
import { GatedPipeline } from "../worklet/gate/gated-pipeline.js";
import { GATED_PROCESSOR_NAME } from "../worklet/gate/gated-processor-name.js";
import type { GateTerms } from "../worklet/port-messages.js";
import { SpeechEvent } from "./speech-event.js";

/** What every option of {@link voiceGate} is when it is not given. */
export const GATE_DEFAULTS = Object.freeze({
  silence: "withhold",
  preRollMs: 150,
  hangoverMs: 700,
  thresholdDb: 6,
} as const);

/** What counts as speech, and what becomes of the rest. */
export interface VoiceGateOptions {
  /**
   * `"withhold"`: audio in which nobody speaks is not sent; to the server it is a gap, and positions go on. `"send"`: all of it
   * is sent, and only `speechstart` and `speechend` tell when somebody speaks. @defaultValue "withhold"
   */
  readonly silence?: "withhold" | "send" | undefined;
  /** Audio from before speech that is sent, in milliseconds, 0 to 2_000; whole frames. @defaultValue 150 */
  readonly preRollMs?: number | undefined;
  /**
   * How long nothing may be heard before speech is over, in milliseconds, 100 to 10_000. So much is sent after it, in which
   * recognisers find the end of a sentence. @defaultValue 700
   */
  readonly hangoverMs?: number | undefined;
  /**
   * By how much speech is louder than the background, on the average over frequencies, in dB, 3 to 20. Less hears softer voices,
   * and more noise. @defaultValue 6
   */
  readonly thresholdDb?: number | undefined;
}

const GATED_MODULE: CaptureModule = {
  processor: GATED_PROCESSOR_NAME,
  file: "gated-capture.worklet.js",
  code: /* @__PURE__ */ new LateModule(() => import("virtual:gated-capture-worklet")),
};

/**
 * Voice activity for a stream's option `gate`, judged on the audio thread a hundred times a second by energy and by spectral
 * flatness. The stream emits `speechstart` and `speechend`, and by default sends nothing while nobody speaks. Everything is sent
 * for the first half second, in which the background becomes known.
 *
 * A page that serves the audio-thread module itself gives `microphone.workletUrl` the address of
 * `dist/gated-capture.worklet.js`.
 * @throws TypeError or RangeError naming the option that is wrong.
 */
export function voiceGate(options: VoiceGateOptions = {}): VoiceGate {
  checkObject("options", options);
  const { silence, ...lengths } = checkEach("", options, GATE_DEFAULTS, {
    silence: oneOf(["withhold", "send"]),
    preRollMs: numberFrom(0, 2_000),
    hangoverMs: numberFrom(100, 10_000),
    thresholdDb: numberFrom(3, 20),
  });
  const terms: GateTerms = { ...lengths, withholds: silence === "withhold" };
  const gate: ImportedGate = { name: "voice", module: GATED_MODULE, begin: () => new OneStreamsGate(terms) };
  return gate;
}

class OneStreamsGate implements StreamGate {
  readonly module = GATED_MODULE;
  readonly Pipeline = GatedPipeline;
  readonly terms: GateTerms;
  #latest: SpeechChange = { speaking: false, position: 0 };

  constructor(terms: GateTerms) {
    this.terms = terms;
  }

  check({ canGate }: AudioSource): void {
    if (canGate === true) return;
    throw new TypeError("gate needs a source that obeys it: what microphone(), mediaStream() or samples() returns.");
  }

  toEvent({ speaking, position }: SpeechChange): SpeechEvent | undefined {
    // A running side that takes the place of another says what it finds.
    if (speaking === this.#latest.speaking) return undefined;
    // What was heard before the stream began is in it from its beginning on.
    this.#latest = { speaking, position: Math.max(position, this.#latest.position) };
    return new SpeechEvent(speaking ? "speechstart" : "speechend", this.#latest.position);
  }
}
