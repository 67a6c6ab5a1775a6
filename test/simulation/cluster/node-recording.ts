import { deferred } from "loquilex/resources";
import { frameTail } from "../../../examples/server/protocol/frame-tail.js";
import type { RecordingPart, SessionRecording } from "../../../examples/server/recording/session-recording.js";
import type { WireAudioFrame } from "../../../src/protocol/audio-frame.js";
import { Foul } from "../referee.js";
import type { Rng } from "../rng.js";
import { areSamplesAt, samplesAt } from "../samples.js";

/** The part of a session that one process has put on its disk: everything from one position up to another. */
export interface DiskPart {
  readonly from: number;
  to: number;
}

export interface NodeRecordingOptions {
  readonly part: RecordingPart;
  /** What is on the disk of the node, which survives the process. */
  readonly parts: DiskPart[];
  readonly rng: Rng;
  /** How long the disk takes for a batch, at most. */
  readonly diskMs: number;
  /** How long the recogniser is behind, at most. */
  readonly hearingMs: number;
  /** The recogniser may not get all audio. */
  readonly mayMissAudio: boolean;
  /** Calls back in the process. */
  after(delayMs: number, work: () => void): void;
}

/** All that is ever said is words of this length, one behind the other, and the rest at the end. */
export const WORD_SAMPLES = 5_600;
const FRAMES_PER_PARTIAL = 3;
const BYTES_PER_SAMPLE = 2;
const NO_FIGURES = { pushed: 0, dropped: 0, droppedSinceRead: 0, cost: 0, peakCost: 0 };

/** What a recogniser makes of samples. */
export const textOf = (samples: Uint8Array): string =>
  samples.reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 17).toString(36);

/** What it makes of what was spoken there. */
export function spokenText(from: number, to: number): string {
  return textOf(samplesAt(from, to - from));
}

/** The disk and the recogniser of a session on one node: both take their time, and check every sample that they get. */
export class NodeRecording implements SessionRecording {
  readonly #options: NodeRecordingOptions;
  readonly #part: DiskPart;
  /** Position of the next sample to be taken in, for the disk and for the recogniser. */
  #takenTo: number;
  #hearsTo: number;
  #toWrite: WireAudioFrame[] = [];
  #writing = false;
  #heard: WireAudioFrame[] = [];
  readonly #wordsFrom: number;
  #hearing = false;
  /** Where the word begins that is being spoken, and its samples so far. */
  #wordFrom: number;
  #word: Uint8Array[] = [];
  #understoodTo: number;
  #frames = 0;
  #segments = 1;
  #ended = deferred<void>();
  #ending = false;
  #disposed = false;

  constructor(options: NodeRecordingOptions) {
    this.#options = options;
    const { startPosition, engineStart = startPosition, restored = [] } = options.part;
    this.#part = { from: startPosition, to: startPosition };
    options.parts.push(this.#part);
    this.#takenTo = startPosition;
    this.#wordsFrom = engineStart;
    this.#hearsTo = engineStart;
    this.#wordFrom = engineStart;
    this.#understoodTo = engineStart;
    for (const frame of restored) {
      const unwritten = frameTail(frame, startPosition, BYTES_PER_SAMPLE);
      if (unwritten !== undefined) this.#write(unwritten);
      this.#hear(frame);
    }
  }

  get queuedSamples() {
    return { engine: 0, recording: 0 };
  }

  readMetrics() {
    const figures = { ...NO_FIGURES, lastDropAt: undefined, lastDropReason: undefined };
    return { engine: figures, recording: figures };
  }

  append(frame: WireAudioFrame): void {
    this.#write(frame);
    this.#hear(frame);
  }

  end(): Promise<void> {
    this.#ending = true;
    this.#endIfDone();
    return this.#ended.promise;
  }

  saveTranscript(): Promise<void> {
    return Promise.resolve();
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    return Promise.resolve();
  }

  #write(frame: WireAudioFrame): void {
    check(frame, this.#takenTo, "the disk");
    this.#takenTo = frame.position + frame.sampleCount;
    this.#toWrite.push(frame);
    this.#writeSoon();
  }

  #writeSoon(): void {
    if (this.#writing || this.#toWrite.length === 0) return;
    this.#writing = true;
    const batch = this.#toWrite.splice(0);
    const { rng, diskMs, after, part } = this.#options;
    after(rng.between(0, diskMs), () => {
      this.#writing = false;
      const last = batch.at(-1);
      // What is on its way to the disk when a session goes elsewhere gets there.
      if (last !== undefined) this.#part.to = last.position + last.sampleCount;
      if (this.#disposed) return;
      part.onKept(this.#part.to);
      this.#writeSoon();
      this.#endIfDone();
    });
  }

  /** What lies before its start is not for this recogniser. */
  #hear(whole: WireAudioFrame): void {
    const frame = frameTail(whole, this.#wordsFrom, BYTES_PER_SAMPLE);
    if (frame === undefined) return;
    check(frame, this.#options.mayMissAudio ? frame.position : this.#hearsTo, "the recogniser");
    this.#hearsTo = frame.position + frame.sampleCount;
    this.#heard.push(frame);
    this.#hearSoon();
  }

  #hearSoon(): void {
    if (this.#hearing || this.#heard.length === 0) return;
    this.#hearing = true;
    const { rng, hearingMs, after } = this.#options;
    after(rng.between(0, hearingMs), () => {
      this.#hearing = false;
      if (this.#disposed) return;
      for (const frame of this.#heard.splice(0)) this.#understand(frame);
      this.#hearSoon();
      this.#endIfDone();
    });
  }

  /** A frame that comes from the store may have several words in it. */
  #understand({ position, sampleCount, payload }: WireAudioFrame): void {
    this.#frames += 1;
    if (position !== this.#understoodTo) {
      this.#wordFrom = position;
      this.#word = [];
    }
    this.#understoodTo = position + sampleCount;
    let from = position;
    let rest = payload;
    for (;;) {
      const wordEnd = (Math.floor(this.#wordFrom / WORD_SAMPLES) + 1) * WORD_SAMPLES;
      const cut = (wordEnd - from) * BYTES_PER_SAMPLE;
      this.#word.push(rest.subarray(0, cut));
      if (cut > rest.byteLength) break;
      this.#say("asr.final", wordEnd);
      from = wordEnd;
      rest = rest.subarray(cut);
    }
    if (this.#frames % FRAMES_PER_PARTIAL === 0) this.#say("asr.partial", from + rest.byteLength / BYTES_PER_SAMPLE);
  }

  #say(t: "asr.partial" | "asr.final", to: number): void {
    if (to <= this.#wordFrom) return;
    const { onEvent, lineage } = this.#options.part;
    const text = textOf(Buffer.concat(this.#word));
    const segment_id = `${lineage}-${this.#segments}`;
    const audio = { from: this.#wordFrom, to };
    if (t === "asr.final") {
      this.#segments += 1;
      this.#wordFrom = to;
      this.#word = [];
    }
    onEvent(t, { text, segment_id, final: t === "asr.final", audio });
  }

  #endIfDone(): void {
    const busy = this.#writing || this.#hearing || this.#toWrite.length > 0 || this.#heard.length > 0;
    if (!this.#ending || busy || this.#disposed) return;
    this.#ending = false;
    this.#say("asr.final", this.#hearsTo);
    this.#ended.resolve();
  }
}

function check({ position, sampleCount, payload }: WireAudioFrame, expected: number, who: string): void {
  if (position !== expected) throw new Foul(`Audio at ${position} comes to ${who}, and ${expected} is next.`);
  if (!areSamplesAt(position, sampleCount, payload)) throw new Foul(`The frame at ${position} has wrong samples.`);
}
