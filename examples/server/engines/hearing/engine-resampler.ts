/** Zero crossings of the filter on each side: what a recogniser hears no difference to. */
const ZERO_CROSSINGS = 16;
/** Where the filter begins to cut, as a share of what the lower rate can carry. */
const PASSBAND = 0.92;
/** Points in time between two samples for which coefficients are kept; beyond them the nearest is taken. */
const MAX_PHASES = 512;

/** Converts the rate of one channel for a recogniser's ear, by a windowed sinc. What is recorded never comes here. */
export class EngineResampler {
  readonly #up: number;
  readonly #down: number;
  readonly #half: number;
  readonly #phases: number;
  readonly #rows: Float32Array;
  /** Input that is still needed, and the index of its first sample since the start. */
  #history: Float32Array;
  #historyFrom: number;
  #taken = 0;
  #given = 0;

  /** @param inputRate in Hz, as is `outputRate`. */
  constructor(inputRate: number, outputRate: number) {
    const divisor = greatestCommonDivisor(inputRate, outputRate);
    this.#up = outputRate / divisor;
    this.#down = inputRate / divisor;
    const cutoff = PASSBAND * Math.min(1, outputRate / inputRate);
    this.#half = Math.ceil(ZERO_CROSSINGS / cutoff);
    this.#phases = Math.min(this.#up, MAX_PHASES);
    this.#rows = designRows(this.#phases, this.#half, cutoff);
    this.#history = new Float32Array(this.#half - 1);
    this.#historyFrom = 1 - this.#half;
  }

  /** Takes samples that follow. @returns what can be told by now. */
  push(input: Float32Array): Float32Array<ArrayBuffer> {
    this.#taken += input.length;
    return this.#convert(input, Infinity);
  }

  /** @returns the rest, so that all output together is as long as the input; what comes next is a new start. */
  flush(): Float32Array<ArrayBuffer> {
    const total = Math.round((this.#taken * this.#up) / this.#down);
    const rest = this.#convert(new Float32Array(this.#half + 1), total);
    this.#history = new Float32Array(this.#half - 1);
    this.#historyFrom = 1 - this.#half;
    this.#taken = 0;
    this.#given = 0;
    return rest;
  }

  /** @param most outputs since the start. */
  #convert(input: Float32Array, most: number): Float32Array<ArrayBuffer> {
    const samples = new Float32Array(this.#history.length + input.length);
    samples.set(this.#history);
    samples.set(input, this.#history.length);
    const output: number[] = [];
    while (this.#given < most) {
      const time = (this.#given * this.#down) / this.#up;
      const at = Math.floor(time) - this.#half + 1 - this.#historyFrom;
      if (at + 2 * this.#half > samples.length) break;
      output.push(this.#sum(samples, at, Math.floor((time - Math.floor(time)) * this.#phases + 1e-6)));
      this.#given += 1;
    }
    const next = Math.floor((this.#given * this.#down) / this.#up) - this.#half + 1 - this.#historyFrom;
    this.#history = samples.slice(next);
    this.#historyFrom += Math.min(next, samples.length);
    return Float32Array.from(output);
  }

  #sum(samples: Float32Array, at: number, phase: number): number {
    const width = 2 * this.#half;
    let sum = 0;
    for (let tap = 0; tap < width; tap += 1) sum += (samples[at + tap] ?? 0) * (this.#rows[phase * width + tap] ?? 0);
    return sum;
  }
}

/** A row of coefficients for each phase; each adds up to one. */
function designRows(phases: number, half: number, cutoff: number): Float32Array {
  const width = 2 * half;
  const rows = new Float32Array(phases * width);
  for (let phase = 0; phase < phases; phase += 1) {
    const row = Array.from({ length: width }, (_, tap) => {
      const distance = tap - half + 1 - phase / phases;
      const x = Math.PI * cutoff * distance;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      return sinc * Math.cos((Math.PI / 2) * Math.min(1, Math.abs(distance) / half)) ** 2;
    });
    const sum = row.reduce((total, value) => total + value, 0);
    rows.set(
      row.map((value) => value / sum),
      phase * width,
    );
  }
  return rows;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
