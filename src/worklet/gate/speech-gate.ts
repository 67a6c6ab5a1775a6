import type { GateTerms, ProcessorCommand, ProcessorFrame, Voice } from "../port-messages.js";
import { VoiceDetector } from "./voice-detector.js";

/** A voice begins with so many hops of it among the last {@link RECENT_HOPS}, which a click does not reach. */
const BEGIN_HOPS = 4;
const RECENT_HOPS = 7;
/** It goes on with so many among the last four. */
const GO_ON_HOPS = 2;
const LAST_FOUR = 0b1111;
/** Everything goes through at the beginning for so many hops, in which the background becomes known. */
const LEARNING_HOPS = 50;

/**
 * Says of each frame whether somebody speaks, and lets frames through that may have speech in them: from a moment before it
 * until a moment after it. Others go on without their samples, so that everybody still knows how much time has passed and how
 * loud it was. A frame that may become the moment before speech is held until that is known.
 */
export class SpeechGate {
  readonly #terms: GateTerms;
  readonly #channels: number;
  readonly #emit: (frame: ProcessorFrame) => void;
  readonly #detectors: readonly VoiceDetector[];
  readonly #hopSamples: number;
  readonly #preRollSamples: number;
  readonly #holdSamples: number;
  readonly #hangoverSamples: number;
  /** Frames in which nobody speaks as far as is known, oldest first. */
  readonly #held: OpenFrame[] = [];
  #heldSamples = 0;
  /** Samples of the hop that goes on. */
  #inHop = 0;
  /** Whether there was a voice in each of the last hops, as bits; the lowest is the latest. */
  #recent = 0;
  #speaking = false;
  /** Since when it is so; processor's positions. */
  #since = 0;
  /** After the last hop with a voice. */
  #voiceEnd = 0;
  /** Until here everything goes through: at first nothing is known of the background. */
  #openUntil = -1;
  /** Position after the last frame. */
  #next = 0;

  /**
   * @param sampleRate of the frames, in Hz.
   * @param emit takes frames in order, and owns them.
   */
  constructor(terms: GateTerms, sampleRate: number, channels: number, emit: (frame: ProcessorFrame) => void) {
    this.#terms = terms;
    this.#channels = channels;
    this.#emit = emit;
    this.#detectors = Array.from({ length: channels }, () => new VoiceDetector(sampleRate, terms.thresholdDb));
    this.#hopSamples = this.#detectors[0]?.hopSamples ?? 1;
    this.#preRollSamples = (terms.preRollMs * sampleRate) / 1_000;
    this.#holdSamples = this.#preRollSamples + RECENT_HOPS * this.#hopSamples;
    this.#hangoverSamples = (terms.hangoverMs * sampleRate) / 1_000;
  }

  /** Position of the oldest frame that has not gone on; `undefined` if there is none. */
  get heldFrom(): number | undefined {
    return this.#held[0]?.position;
  }

  /** Takes the next frame. @param values its samples, interleaved; good during the call only. */
  take(frame: OpenFrame, values: Float32Array): void {
    const { position, sampleCount } = frame;
    if (this.#openUntil < 0) this.#begin(position);
    else if (position !== this.#next) this.#break();
    this.#next = position + sampleCount;
    this.#hear(values, position, sampleCount);
    frame.voice = { speaking: this.#speaking, since: this.#since - position, withholds: this.#terms.withholds };
    if (!this.#terms.withholds || this.#speaking || position < this.#openUntil) {
      this.#release(this.#since);
      this.#emit(frame);
      return;
    }
    this.#held.push(frame);
    this.#heldSamples += sampleCount;
    for (let first = this.#held[0]; first !== undefined; first = this.#held[0]) {
      if (this.#heldSamples - first.sampleCount < this.#holdSamples) return;
      this.#held.shift();
      this.#heldSamples -= first.sampleCount;
      this.#emit(withoutSamples(first));
    }
  }

  /** The pipeline obeys a command, and has given all that was heard before: that is to go on now. What may be the beginning of a word goes through. */
  obey(command: ProcessorCommand["type"]): void {
    if (command === "resume") return;
    if (this.#recent !== 0 || command !== "flush") this.#releaseDoubtful();
    if (command !== "flush") this.#silence();
  }

  #begin(position: number): void {
    this.#since = position;
    this.#openUntil = position + LEARNING_HOPS * this.#hopSamples;
  }

  /** Audio is missing. A word that may have begun before is not held against what comes after. */
  #break(): void {
    this.#releaseDoubtful();
    this.#recent = 0;
    this.#inHop = 0;
    for (const detector of this.#detectors) detector.reset();
  }

  /** Nobody is heard any more. */
  #silence(): void {
    if (this.#speaking) this.#since = this.#next;
    this.#speaking = false;
    this.#recent = 0;
  }

  #hear(values: Float32Array, position: number, sampleCount: number): void {
    for (let index = 0; index < sampleCount; index += 1) {
      for (let channel = 0; channel < this.#channels; channel += 1) {
        this.#detectors[channel]?.push(values[index * this.#channels + channel] ?? 0);
      }
      this.#inHop += 1;
      if (this.#inHop < this.#hopSamples) continue;
      this.#inHop = 0;
      this.#judge(position + index + 1);
    }
  }

  /** @param end position after the hop. */
  #judge(end: number): void {
    let isVoice = false;
    for (const detector of this.#detectors) isVoice = detector.judge() || isVoice;
    this.#recent = ((this.#recent << 1) | Number(isVoice)) & (2 ** RECENT_HOPS - 1);
    if (isVoice && bitsIn(this.#recent & LAST_FOUR) >= GO_ON_HOPS) this.#voiceEnd = end;
    if (this.#speaking) {
      if (end - this.#voiceEnd < this.#hangoverSamples) return;
      this.#speaking = false;
      this.#since = this.#voiceEnd;
    } else if (bitsIn(this.#recent) >= BEGIN_HOPS) {
      this.#speaking = true;
      this.#since = Math.max(this.#since, end - lengthOf(this.#recent) * this.#hopSamples);
    }
  }

  /** Lets go what is held: with its samples where a word may have begun. */
  #releaseDoubtful(): void {
    const mayBegin = this.#recent !== 0;
    this.#release(mayBegin ? this.#next - this.#inHop - lengthOf(this.#recent) * this.#hopSamples : Infinity);
  }

  /** Lets go what is held. @param voice where a voice begins; what is more than the pre-roll before it goes without samples. */
  #release(voice: number): void {
    if (this.#held.length === 0) return;
    const from = voice - this.#preRollSamples;
    for (const frame of this.#held) {
      this.#emit(frame.position + frame.sampleCount > from ? frame : withoutSamples(frame));
    }
    this.#held.length = 0;
    this.#heldSamples = 0;
  }
}

/** A frame on its way, that is marked and not copied: what is allocated on the audio thread is collected there. */
type OpenFrame = ProcessorFrame & { payload: ArrayBuffer; voice?: Voice };

function withoutSamples(frame: OpenFrame): ProcessorFrame {
  frame.payload = new ArrayBuffer(0);
  return frame;
}

function bitsIn(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}

/** Hops since the first of them that had a voice. */
const lengthOf = (bits: number): number => 32 - Math.clz32(bits);
