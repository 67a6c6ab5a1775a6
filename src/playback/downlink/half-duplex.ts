import type { PlacedFrame } from "../../capture/inlet/frame-inlet.js";
import type { AudioFormat } from "../../capture/source.js";
import { isMuted, MuteSwitch } from "../../frames/mute-switch.js";
import type { LoudSpan, PlayerClock } from "../port-messages.js";

/**
 * The microphone is silenced so long before something loud was rendered, in seconds. It is heard later than that, by the
 * latencies of both devices; this covers by how much the player's clock may be wrong, which is read late by one batch of the engine.
 */
const LEAD_SEC = 0.05;
/** A clock that is read anew and is off by more has stood still, in milliseconds: drift and the engine's batches are less. */
const STOOD_STILL_MS = 100;
/** Frames come later than this after they were captured only if everything stood still, in seconds. */
const KEEP_SEC = 30;

/**
 * Silences what the microphone hears while the player is heard. Each report of the player counts for a limited time, so that
 * nothing has to be said for the microphone to be open again: not if the player is interrupted, hangs or dies.
 */
export class HalfDuplex {
  readonly #sampleRate: number;
  /** Always on. */
  readonly #mute: MuteSwitch;
  readonly #onChange: (isSilenced: boolean, position: number) => void;
  #clock: PlayerClock | undefined;
  #spans: readonly LoudSpan[] = [];
  /** As it was before the player's context stood still: frames from before that may still be on their way. */
  #before: { readonly clock: PlayerClock; readonly spans: readonly LoudSpan[] } | undefined;
  /** As it was told; `undefined` before the first frame. */
  #isSilenced: boolean | undefined;
  /** Position after the last frame that was silenced. */
  #openFrom = Number.NEGATIVE_INFINITY;

  /**
   * @param format of the frames.
   * @param onChange told of the first frame and of each one from which on it is otherwise, with its position.
   */
  constructor(format: AudioFormat, onChange: (isSilenced: boolean, position: number) => void) {
    this.#sampleRate = format.sampleRate;
    this.#mute = new MuteSwitch(format.encoding);
    this.#mute.set(true, 0);
    this.#onChange = onChange;
  }

  /** Spans that have come already are judged by it as well: a clock that stood still is wrong until it is read again. */
  setClock(clock: PlayerClock): void {
    const last = this.#clock;
    this.#clock = clock;
    if (last === undefined || Math.abs(clock.zeroMs - last.zeroMs) < STOOD_STILL_MS) return;
    this.#before = { clock: last, spans: this.#spans };
  }

  /** The player has rendered something loud. */
  hear(span: LoudSpan): void {
    // One that goes on is told again from its beginning.
    this.#spans = [...this.#spans.filter(({ from, to }) => from !== span.from && to > span.from - KEEP_SEC), span];
  }

  /** Silences the frame if the player is heard in it. */
  onCaptured(frame: PlacedFrame): void {
    const isSilenced = this.#isHeardIn(frame);
    if (isSilenced) {
      if (!isMuted(frame)) this.#mute.apply(frame);
      // It is not the person who is loud.
      frame.mutedPeakLevel = 0;
      this.#openFrom = frame.position + frame.sampleCount;
    }
    const { voice, position } = frame;
    // What the gate took for speech was, or began as, the player's voice.
    if (voice?.speaking === true && position + voice.since < this.#openFrom) {
      frame.voice = { ...voice, speaking: false, since: 0 };
    }
    if (isSilenced === this.#isSilenced) return;
    this.#isSilenced = isSilenced;
    this.#onChange(isSilenced, position);
  }

  #isHeardIn(frame: PlacedFrame): boolean {
    const [clock, before] = [this.#clock, this.#before];
    if (clock !== undefined && this.#isWithin(frame, clock, this.#spans)) return true;
    return before !== undefined && this.#isWithin(frame, before.clock, before.spans);
  }

  #isWithin({ timestamp, sampleCount }: PlacedFrame, clock: PlayerClock, spans: readonly LoudSpan[]): boolean {
    const from = (timestamp - clock.zeroMs) / 1_000;
    const to = from + sampleCount / this.#sampleRate;
    return spans.some((span) => to > span.from - LEAD_SEC && from < span.to + clock.holdMs / 1_000);
  }
}
