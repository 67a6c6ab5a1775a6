/**
 * `npm run bench:gate`: what the gate lets through of speech in noise, what it costs, and whether pocketsphinx understands the same
 * words of it. Needs flite, pocketsphinx and the recordings of Debian's pocketsphinx-testdata.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GATE_DEFAULTS } from "../../../src/gate/voice-gate.js";
import { SpeechGate } from "../../../src/worklet/gate/speech-gate.js";
import { type Cell, report, tell } from "../report.js";
import { makeScene, type Phrase, realPhrases, SAMPLE_RATE, type Scene, spokenPhrases } from "./material.js";
import { makeNoise, type NoiseColour } from "./noise.js";
import { recognise, understood } from "./recognise.js";

const FRAME = SAMPLE_RATE / 50;
const SNRS_DB = [40, 30, 20, 10, 5];
/** The noise in which targets are held. */
const TARGET_SNR_DB = 20;
const MOST_AUDIO = 1.05;
const MOST_CPU_PERCENT = 0.2;
const CPU_RUNS = 5;
const TERMS = { ...GATE_DEFAULTS, withholds: true };

interface Passed {
  /** 1 for each sample that went through. */
  readonly sent: Uint8Array;
  readonly cpuPercent: number;
}

function pass({ samples }: Scene): Passed {
  const sent = new Uint8Array(samples.length);
  const gate = new SpeechGate(TERMS, SAMPLE_RATE, 1, ({ payload, position, sampleCount }) => {
    if (payload.byteLength > 0) sent.fill(1, position, position + sampleCount);
  });
  const frame = { type: "frame", sampleCount: FRAME, contextTime: 0, rms: 0, peak: 0 } as const;
  const payload = new ArrayBuffer(2 * FRAME);
  const { user } = process.cpuUsage();
  for (let position = 0; position + FRAME <= samples.length; position += FRAME) {
    gate.take({ ...frame, payload, position }, samples.subarray(position, position + FRAME));
  }
  gate.obey("stop");
  const usedSec = (process.cpuUsage().user - user) / 1e6;
  return { sent, cpuPercent: (100 * usedSec * SAMPLE_RATE) / samples.length };
}

const count = (marks: Uint8Array): number => marks.reduce((sum, mark) => sum + mark, 0);

function marksOf({ samples, speech }: Scene, hangoverMs: number): Uint8Array {
  const marks = new Uint8Array(samples.length);
  for (const { from, to } of speech)
    marks.fill(1, from, Math.min(samples.length, to + (hangoverMs * SAMPLE_RATE) / 1_000));
  return marks;
}

/** The scene as the server records it, or with other noise in the gaps, which a recogniser does not stumble over. */
function withGaps({ samples }: Scene, sent: Uint8Array, filling: (index: number) => number): Float32Array {
  return samples.map((value, index) => (sent[index] === 1 ? value : filling(index)));
}

const faults: string[] = [];
const through: Cell[][] = [];
const words: Cell[][] = [];

function measure(voices: string, phrases: readonly Phrase[], colour: NoiseColour, snrDb: number): void {
  const scene = makeScene(phrases, colour, snrDb);
  const { sent } = pass(scene);
  const [speech, wanted] = [marksOf(scene, 0), marksOf(scene, TERMS.hangoverMs)];
  const clipped = count(speech.map((mark, index) => (mark === 1 && sent[index] === 0 ? 1 : 0)));
  const ratio = count(sent) / count(wanted);
  const percent = (samples: number): number => (100 * samples) / scene.samples.length;
  const ms = (samples: number): number => (1_000 * samples) / SAMPLE_RATE;
  through.push([
    voices,
    colour,
    snrDb,
    percent(count(speech)),
    percent(count(sent)),
    100 * ratio,
    ms(clipped),
    (100 * clipped) / count(speech),
  ]);
  if (snrDb !== TARGET_SNR_DB) return;
  const where = `${voices}, ${colour} noise of ${snrDb} dB`;
  if (ratio > MOST_AUDIO) faults.push(`${where}: ${(100 * ratio).toFixed(1)} % of speech and hangover is sent.`);
  const other = makeNoise(colour, scene.samples.length, 11);
  const noiseLevel = rms(scene.samples.subarray(0, SAMPLE_RATE));
  const said = scene.phrases.reduce((sum, phrase) => sum + phrase.words.split(" ").filter(Boolean).length, 0);
  const heard = [
    scene.samples,
    withGaps(scene, sent, (index) => (other[index] ?? 0) * noiseLevel),
    withGaps(scene, sent, () => 0),
  ].map((samples) => {
    const lines = recognise(scene, samples);
    return scene.phrases.reduce((sum, phrase, index) => sum + understood(phrase, lines[index] ?? []).size, 0);
  });
  words.push([voices, colour, snrDb, said, ...heard]);
  const [ungated = 0, noisy = 0] = heard;
  if (noisy < ungated) faults.push(`${where}: ${ungated - noisy} of ${ungated} words are lost.`);
}

const rms = (samples: Float32Array): number =>
  Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);

const folder = mkdtempSync(join(tmpdir(), "loquilex-gate-"));
const spoken = spokenPhrases(folder);
rmSync(folder, { recursive: true });
const real = realPhrases();
for (const [voices, phrases] of [
  ["flite", spoken],
  ["people", real],
] as const) {
  for (const colour of ["white", "pink"] as const) for (const snrDb of SNRS_DB) measure(voices, phrases, colour, snrDb);
}
const costScene = makeScene(real, "pink", TARGET_SNR_DB);
const costs = Array.from({ length: CPU_RUNS }, () => pass(costScene).cpuPercent);
const least = Math.min(...costs);
if (least > MOST_CPU_PERCENT) faults.push(`The gate takes ${least.toFixed(3)} % of a core.`);

tell(
  report({
    name: "gate",
    versions: {},
    tables: [
      {
        title: "What goes through",
        columns: [
          { title: "Voices" },
          { title: "Noise" },
          { title: "SNR, dB" },
          { title: "Speech, % of the time", digits: 1 },
          { title: "Sent, %", digits: 1 },
          { title: "Sent, % of speech and hangover", digits: 1 },
          { title: "Speech that is cut, ms" },
          { title: "% of speech", digits: 2 },
        ],
        rows: through,
      },
      {
        title: "Words that pocketsphinx understands",
        columns: [
          { title: "Voices" },
          { title: "Noise" },
          { title: "SNR, dB" },
          { title: "Words said" },
          { title: "without a gate" },
          { title: "with one, noise in the gaps" },
          { title: "with one, digital silence in the gaps" },
        ],
        rows: words,
      },
      {
        title: "Cost at 16 kHz, frames of 20 ms",
        columns: [
          { title: "% of a core, least", digits: 3 },
          { title: "most", digits: 3 },
        ],
        rows: [[least, Math.max(...costs)]],
      },
    ],
    notes: [
      `Speech is what is less than 30 dB below the phrase's own loudness, and more than 8 dB above the noise of its recording. The gate has its defaults: ${TERMS.preRollMs} ms before speech, ${TERMS.hangoverMs} ms after it. The cost is that of ${CPU_RUNS} runs in one process.`,
    ],
    faults,
  }),
);
