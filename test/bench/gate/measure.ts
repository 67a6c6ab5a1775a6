import { GATE_DEFAULTS } from "../../../src/gate/voice-gate.js";
import { FrameReader } from "../../../src/worklet/gate/frame-reader.js";
import { SpeechGate } from "../../../src/worklet/gate/speech-gate.js";
import { SAMPLE_RATE, type Scene } from "./material.js";
import { makeNoise, type NoiseColour } from "./noise.js";
import { recognise, saidIn, understood } from "./recognise.js";

const FRAME = SAMPLE_RATE / 50;
export const TERMS = { ...GATE_DEFAULTS, withholds: true };

export interface Passed {
  /** 1 for each sample that went through. */
  readonly sent: Uint8Array;
  /** Of one core, while the audio lasts. */
  readonly cpuPercent: number;
}

/** Lets a scene through a gate. */
export function pass({ samples }: Scene): Passed {
  const sent = new Uint8Array(samples.length);
  const gate = new SpeechGate(TERMS, SAMPLE_RATE, 1, ({ payload, position, sampleCount }) => {
    if (payload.byteLength > 0) sent.fill(1, position, position + sampleCount);
  });
  const frame = { type: "frame", sampleCount: FRAME, contextTime: 0, rms: 0, peak: 0 } as const;
  const pcm = Int16Array.from(samples, (value) => Math.round(Math.max(-1, Math.min(value, 1)) * 32_767)).buffer;
  const reader = new FrameReader("pcm_s16le");
  const { user } = process.cpuUsage();
  for (let position = 0; position + FRAME <= samples.length; position += FRAME) {
    const payload = pcm.slice(2 * position, 2 * (position + FRAME));
    gate.take({ ...frame, payload, position }, reader.read(payload));
  }
  gate.obey("stop");
  const usedSec = (process.cpuUsage().user - user) / 1e6;
  return { sent, cpuPercent: (100 * usedSec * SAMPLE_RATE) / samples.length };
}

export interface Through {
  /** Of all the time, in percent. */
  readonly speechPercent: number;
  readonly sentPercent: number;
  /** What was sent, as a share of speech with the hangover after it. */
  readonly ratio: number;
  /** Speech that was not sent. */
  readonly clippedMs: number;
  readonly clippedPercent: number;
}

/** How much of a scene went through. */
export function measureThrough(scene: Scene, { sent }: Passed): Through {
  const [speech, wanted] = [marksOf(scene, 0), marksOf(scene, TERMS.hangoverMs)];
  const clipped = count(speech.map((mark, index) => (mark === 1 && sent[index] === 0 ? 1 : 0)));
  const percent = (samples: number): number => (100 * samples) / scene.samples.length;
  return {
    speechPercent: percent(count(speech)),
    sentPercent: percent(count(sent)),
    ratio: count(sent) / count(wanted),
    clippedMs: (1_000 * clipped) / SAMPLE_RATE,
    clippedPercent: (100 * clipped) / count(speech),
  };
}

function marksOf({ samples, speech }: Scene, hangoverMs: number): Uint8Array {
  const marks = new Uint8Array(samples.length);
  for (const { from, to } of speech) {
    marks.fill(1, from, Math.min(samples.length, to + (hangoverMs * SAMPLE_RATE) / 1_000));
  }
  return marks;
}

const count = (marks: Uint8Array): number => marks.reduce((sum, mark) => sum + mark, 0);

/** What a recogniser hears where nothing was sent: other noise of the same loudness, or zeros, as the server records it. */
export type Filling = "noise" | "zeros";

export interface Words {
  readonly said: number;
  /** Without a gate. */
  readonly ungated: number;
  readonly gated: Readonly<Record<Filling, Compared>>;
}

/** Words of which the place in the phrase is compared. */
export interface Compared {
  readonly understood: number;
  /** Understood without a gate, and not with one; such as `phrase 3: five`. */
  readonly lost: readonly string[];
  /** The other way round. */
  readonly gained: number;
}

/** What pocketsphinx understands of a scene with a gate and without. @param colour of its noise. */
export function measureWords(scene: Scene, { sent }: Passed, colour: NoiseColour): Words {
  const { phrases, samples } = scene;
  const other = makeNoise(colour, samples.length, 11);
  const level = rms(samples.subarray(0, SAMPLE_RATE));
  const fillings: Readonly<Record<Filling, (index: number) => number>> = {
    noise: (index) => (other[index] ?? 0) * level,
    zeros: () => 0,
  };
  const hear = (heard: Float32Array): Set<number>[] => {
    const lines = recognise(scene, heard);
    return phrases.map((phrase, index) => understood(phrase, lines[index] ?? []));
  };
  const total = (places: readonly Set<number>[]): number => places.reduce((sum, { size }) => sum + size, 0);
  const ungated = hear(samples);
  const compare = (filling: Filling): Compared => {
    const gated = hear(samples.map((value, index) => (sent[index] === 1 ? value : fillings[filling](index))));
    const missing = (from: readonly Set<number>[], to: readonly Set<number>[]): string[] =>
      phrases.flatMap((phrase, index) =>
        [...(from[index] ?? [])]
          .filter((place) => to[index]?.has(place) !== true)
          .map((place) => `phrase ${index + 1}: ${saidIn(phrase)[place]}`),
      );
    return { understood: total(gated), lost: missing(ungated, gated), gained: missing(gated, ungated).length };
  };
  return {
    said: phrases.reduce((sum, phrase) => sum + saidIn(phrase).length, 0),
    ungated: total(ungated),
    gated: { noise: compare("noise"), zeros: compare("zeros") },
  };
}

const rms = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
