import type { GrowingBytes } from "../processes/growing-bytes.js";
import type { EngineFormat, Segment } from "./engine.js";

/** What happens to one run in a thread. */
export type RunStep =
  | { readonly type: "open"; readonly startPosition: number; readonly format: EngineFormat }
  /** Samples that follow each other. */
  | { readonly type: "audio"; readonly position: number; readonly samples: Uint8Array }
  | { readonly type: "gap"; readonly from: number; readonly to: number }
  /** No more audio. */
  | { readonly type: "end" }
  /** Whatever comes of it is not wanted any more. */
  | { readonly type: "close" };

/** What a thread gets at once: numbers and samples in two blocks, since a thousand objects would cost more than the work. */
export interface ThreadBatch {
  /** {@link ROW} numbers for each step: its type, its run, and what belongs to it. */
  readonly rows: Float64Array;
  /** The audio of all steps, in their order. */
  readonly samples: Uint8Array;
}

/** What a thread says of a batch when it is through with it. */
export type ThreadAnswer = readonly RunNote[];

export type RunNote =
  | { readonly type: "segment"; readonly run: number; readonly segment: Segment }
  /** It has said its last word. */
  | { readonly type: "ended"; readonly run: number }
  /** Its recogniser threw, and is gone; the thread goes on. */
  | { readonly type: "failed"; readonly run: number; readonly message: string };

/** What a thread is started with. */
export interface ThreadStart {
  /** Its only number is the run that the thread works for at the moment, or 0. A thread that dies cannot say it otherwise. */
  readonly current: Int32Array;
}

const ROW = 5;
const TYPES = ["open", "audio", "gap", "end", "close"] as const;

/** Puts the steps of several runs together. @param memory holds the samples until the thread is through with them. */
export function packBatch(
  steps: readonly (readonly [run: number, step: RunStep])[],
  memory: GrowingBytes<SharedArrayBuffer>,
): ThreadBatch {
  const rows = new Float64Array(ROW * steps.length);
  memory.clear();
  let at = 0;
  for (const [run, step] of steps) {
    const [a, b, c] = numbersOf(step);
    rows[at] = TYPES.indexOf(step.type);
    rows[at + 1] = run;
    rows[at + 2] = a;
    rows[at + 3] = b;
    rows[at + 4] = c;
    at += ROW;
    if (step.type === "audio") memory.append(step.samples);
  }
  return { rows, samples: memory.subarray() };
}

/** Takes a batch apart again. Audio is a view of the batch's samples. */
export function* unpackBatch({ rows, samples }: ThreadBatch): Generator<readonly [run: number, step: RunStep]> {
  let bytes = 0;
  for (let at = 0; at < rows.length; at += ROW) {
    const [run = 0, a = 0, b = 0, c = 0] = [rows[at + 1], rows[at + 2], rows[at + 3], rows[at + 4]];
    const name = TYPES[rows[at] ?? 0];
    if (name === "open") {
      yield [run, { type: name, startPosition: a, format: { sampleRate: b, channels: c } }];
    } else if (name === "audio") {
      yield [run, { type: name, position: a, samples: samples.subarray(bytes, bytes + b) }];
      bytes += b;
    } else if (name === "gap") yield [run, { type: name, from: a, to: b }];
    else if (name !== undefined) yield [run, { type: name }];
  }
}

/** Bytes of the samples in a step. */
export const bytesOf = (step: RunStep): number => (step.type === "audio" ? step.samples.byteLength : 0);

function numbersOf(step: RunStep): readonly [number, number, number] {
  if (step.type === "open") return [step.startPosition, step.format.sampleRate, step.format.channels];
  if (step.type === "audio") return [step.position, bytesOf(step), 0];
  return step.type === "gap" ? [step.from, step.to, 0] : [0, 0, 0];
}
