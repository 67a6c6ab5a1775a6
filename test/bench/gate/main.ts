/**
 * `npm run bench:gate`: what the gate lets through of speech in noise, what it costs, and whether pocketsphinx understands the same
 * words of it. Needs flite, pocketsphinx and the recordings of Debian's pocketsphinx-testdata.
 */
import { type Cell, report, tell } from "../report.js";
import { MOST_AUDIO, MOST_CPU_PERCENT, TARGET_SNR_DB } from "./limits.js";
import { makeScene, type Phrase, realPhrases, spokenPhrases } from "./material.js";
import { measureThrough, measureWords, pass, TERMS } from "./measure.js";
import type { NoiseColour } from "./noise.js";

const SNRS_DB = [40, 30, 20, 10, 5];
const CPU_RUNS = 5;

const faults: string[] = [];
const through: Cell[][] = [];
const words: Cell[][] = [];

function measure(voices: string, phrases: readonly Phrase[], colour: NoiseColour, snrDb: number): void {
  const scene = makeScene(phrases, colour, snrDb);
  const passed = pass(scene);
  const { speechPercent, sentPercent, ratio, clippedMs, clippedPercent } = measureThrough(scene, passed);
  through.push([voices, colour, snrDb, speechPercent, sentPercent, 100 * ratio, clippedMs, clippedPercent]);
  if (snrDb !== TARGET_SNR_DB) return;
  const where = `${voices}, ${colour} noise of ${snrDb} dB`;
  if (ratio > MOST_AUDIO) faults.push(`${where}: ${(100 * ratio).toFixed(1)} % of speech and hangover is sent.`);
  const { said, ungated, gated } = measureWords(scene, passed, colour);
  for (const [filling, { understood, lost, gained }] of Object.entries(gated)) {
    words.push([voices, colour, snrDb, filling, said, ungated, understood, lost.length, gained]);
  }
  if (gated.noise.lost.length > 0) faults.push(`${where}: lost are ${gated.noise.lost.join(", ")}.`);
  if (gated.zeros.understood < ungated) {
    faults.push(`${where}: ${ungated - gated.zeros.understood} words fewer are understood with zeros in the gaps.`);
  }
}

const spoken = spokenPhrases();
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
          { title: "In the gaps" },
          { title: "Words said" },
          { title: "understood without a gate" },
          { title: "with one" },
          { title: "lost by it" },
          { title: "gained" },
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
      `Speech is what is less than 30 dB below the phrase's own loudness, and more than 8 dB above the noise of its recording. The gate has its defaults: ${TERMS.preRollMs} ms before speech, ${TERMS.hangoverMs} ms after it. A word is lost if it is understood at its place in the phrase without a gate, and not with one. Zeros in the gaps confuse this recogniser in both directions: about as many words as it loses by them it gains. The cost is that of ${CPU_RUNS} runs in one process.`,
    ],
    faults,
  }),
);
