/** Prints what the resampler does to sound and what it costs, beside its peers. Fails where it misses its own targets. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Resampler } from "../../../src/worklet/resampler/resampler.js";
import { findChromium } from "../../support/find-chromium.js";
import { RESAMPLER_KERNELS } from "../../support/resampler-kernels.js";
import { measureResponse } from "../../support/resampler-response.js";
import { decibels, fitTone, rms, sine } from "../../support/signals.js";
import { RATE_PAIRS } from "../../support/usual-rates.js";
import { type Cell, quantile, report, tell } from "../report.js";
import { ChromiumConversion } from "./chromium-conversion.js";
import { averageInBoxes, type Converter, interpolateLinearly } from "./peers.js";

const TONES = [7_000, 8_500, 10_000];
const TARGET = {
  rejectionDb: -100,
  rippleDb: 0.02,
  delaySamples: 67.2,
  /** From 48 to 16 kHz, as a share of one core. */
  percent: { TypeScript: 0.6, WebAssembly: 100 / 700 },
  snrDb: { 48000: 130, 44100: 120 },
};

type Kernel = (typeof RESAMPLER_KERNELS)[number];

/** In a process of their own each, because one may be slower by half for a reason of the engine's. The least counts. */
const COST_RUNS = 5;

const faults: string[] = [];
const demand = (good: boolean, fault: string): void => {
  if (!good) faults.push(fault);
};

const ours =
  ({ open }: Kernel): Converter =>
  (input, inputRate, outputRate) => {
    const resampler = new Resampler(inputRate, outputRate, open);
    const output = new Float32Array(resampler.maxOutputLength(input.length));
    return output.subarray(0, resampler.push(input, output));
  };

/** In dB of the tone: what a converter lets through of it, wherever in the output that lies. */
function levelOf(convert: Converter, frequency: number): number {
  const output = convert(sine(frequency, 48_000, 48_000), 48_000, 16_000);
  return decibels(rms(output.subarray(1_000, 15_000)) * Math.SQRT2);
}

/** In dB: how far what becomes of a tone of 1 kHz is from a tone. */
function snrOf(known: Kernel, inputRate: keyof (typeof TARGET)["snrDb"]): number {
  const output = ours(known)(sine(1_000, inputRate, inputRate), inputRate, 16_000).subarray(400, 15_000);
  const { snrDb } = fitTone(output, 1_000, 16_000);
  const least = TARGET.snrDb[inputRate];
  demand(snrDb >= least, `${known.kernel}: the SNR from ${inputRate} Hz is ${snrDb} dB, and not ${least}.`);
  return snrDb;
}

/**
 * Of one core, in percent. Measured in a process of its own, as every page has an audio thread of its own, where no other
 * pair of rates was converted before.
 */
function costOf(inputRate: number, outputRate: number, { kernel }: Kernel): number {
  const program = fileURLToPath(new URL("cost.ts", import.meta.url));
  const options = ["--import", "tsx", program, String(inputRate), String(outputRate), kernel];
  return Number(execFileSync(process.execPath, options, { encoding: "utf8" }));
}

/** What Chromium lets through of each tone, and what the whole processor costs on its audio thread with each kernel. */
async function measureInChromium(executablePath: string) {
  await using conversion = await ChromiumConversion.launch(executablePath);
  const levels: number[] = [];
  for (const tone of TONES) {
    // A live stream may stumble once, which sounds at every frequency.
    const measured: number[] = [];
    for (let run = 0; run < 3; run += 1) measured.push(await conversion.levelOf(tone, 48_000, 16_000));
    levels.push(decibels(quantile(measured, 0.5) * Math.SQRT2));
  }
  const percents = new Map<Kernel, number>();
  for (const known of RESAMPLER_KERNELS) {
    percents.set(known, await conversion.captureCost(known.kernel === "TypeScript"));
  }
  return { version: conversion.version, levels, percents };
}

const chromiumPath = await findChromium();
const chromium = chromiumPath === undefined ? undefined : await measureInChromium(chromiumPath);

const levels: Cell[][] = RESAMPLER_KERNELS.map((known) => [
  `LoquiLex, ${known.kernel}`,
  ...TONES.map((tone) => levelOf(ours(known), tone)),
]);
levels.push(["linear interpolation", ...TONES.map((tone) => levelOf(interpolateLinearly, tone))]);
levels.push(["box averaging", ...TONES.map((tone) => levelOf(averageInBoxes, tone))]);
if (chromium !== undefined) levels.push([`Chromium ${chromium.version}`, ...chromium.levels]);

const runs = new Map<Kernel, readonly number[]>();
const pairs: Cell[][] = [];
for (const { from, to } of RATE_PAIRS) {
  if (from === to) continue;
  const pair = `${from} → ${to} Hz`;
  const delayMs = new Resampler(from, to).delaySeconds * 1_000;
  const delaySamples = (delayMs * Math.min(from, to)) / 1_000;
  demand(delaySamples <= TARGET.delaySamples, `${pair}: delays by ${delaySamples} samples of the lower rate.`);
  const measured = RESAMPLER_KERNELS.map((known) => {
    const isTarget = from === 48_000 && to === 16_000;
    const costs = Array.from({ length: isTarget ? COST_RUNS : 1 }, () => costOf(from, to, known));
    if (isTarget) runs.set(known, costs);
    const found = { ...measureResponse(from, to, known.open), percent: Math.min(...costs) };
    const what = `${pair}, ${known.kernel}`;
    const most = isTarget ? TARGET.percent[known.kernel] : Infinity;
    demand(found.rejectionDb <= TARGET.rejectionDb, `${what}: rejects by ${found.rejectionDb} dB.`);
    demand(found.rippleDb <= TARGET.rippleDb, `${what}: ripples by ${found.rippleDb} dB.`);
    demand(found.percent < most, `${what}: takes ${found.percent} % of a core, where ${most.toFixed(3)} is too much.`);
    return found;
  });
  pairs.push([
    from,
    to,
    delayMs,
    ...measured.map(({ rejectionDb }) => rejectionDb),
    Math.max(...measured.map(({ rippleDb }) => rippleDb)),
    ...measured.map(({ percent }) => percent),
  ]);
}

tell(
  report({
    name: "resampler",
    versions: chromium === undefined ? {} : { Chromium: chromium.version },
    tables: [
      {
        title: "A tone from 48 to 16 kHz, in dB of the tone",
        columns: [{ title: "Converter" }, ...TONES.map((tone) => ({ title: `${tone / 1_000} kHz`, digits: 1 }))],
        rows: levels,
      },
      {
        title: "The two kernels from 48 to 16 kHz",
        columns: [
          { title: "Kernel" },
          { title: "SNR of 1 kHz, dB", digits: 1 },
          { title: "from 44.1 kHz, dB", digits: 1 },
          { title: "% of a core, least", digits: 3 },
          { title: "most", digits: 3 },
          { title: "Times real time" },
          { title: "Whole processor on Chromium's audio thread, % of a core", digits: 2 },
        ],
        rows: RESAMPLER_KERNELS.map((known) => {
          const costs = runs.get(known) ?? [];
          const least = Math.min(...costs);
          return [
            known.kernel,
            snrOf(known, 48_000),
            snrOf(known, 44_100),
            least,
            Math.max(...costs),
            100 / least,
            chromium?.percents.get(known),
          ];
        }),
      },
      {
        title: "All pairs of usual rates",
        columns: [
          { title: "Hz in" },
          { title: "Hz out" },
          { title: "Delay, ms", digits: 2 },
          ...RESAMPLER_KERNELS.map(({ kernel }) => ({ title: `Loudest image or alias, ${kernel}, dB`, digits: 1 })),
          { title: "Ripple to 0.9, dB", digits: 5 },
          ...RESAMPLER_KERNELS.map(({ kernel }) => ({ title: `% of a core, ${kernel}`, digits: 3 })),
        ],
        rows: pairs,
      },
    ],
    notes: [
      `The cost from 48 to 16 kHz is that of ${COST_RUNS} processes for each kernel, and that of the other pairs of one.`,
      ...(chromium === undefined
        ? ["There is no Chromium on this machine, whose conversion was therefore not measured."]
        : []),
    ],
    faults,
  }),
);
