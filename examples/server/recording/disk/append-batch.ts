import { constants } from "node:fs";
import { type GrowingBytes, totalBytes } from "../../processes/growing-bytes.js";

/**
 * How a file is opened that the thread does not know yet. `create`: nothing may be there; `reopen`: it is there; `ensure`:
 * another thread died while it made it. None follows a symbolic link, which this server does not make.
 */
export const OPENING_FLAGS = {
  create: "wx",
  reopen: constants.O_RDWR | constants.O_NOFOLLOW,
  ensure: constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW,
  /** The handle may have been given up. */
  write: constants.O_RDWR | constants.O_NOFOLLOW,
} as const;

/** What a thread is to do with one file. */
export interface AppendStep {
  /** Names the file; never used again. */
  readonly file: number;
  /** Where it is, if the thread does not know it yet. */
  readonly path?: string | undefined;
  /** `write`: the thread knows it; `close`: let go of its handle and forget it; else see {@link OPENING_FLAGS}. */
  readonly type: keyof typeof OPENING_FLAGS | "close";
  /** Byte at which the pieces belong. */
  readonly position: number;
  readonly pieces: readonly Uint8Array[];
}

/** What a thread is started with. */
export interface AppendStart {
  /**
   * File whose presence after a batch says that no other server has taken any of the files. `undefined` has each file
   * looked at by itself.
   */
  readonly lease: string | undefined;
  /** Its only number says which batch, counted from 1, was the last that was done without a failure. */
  readonly done: Int32Array;
}

/** Many steps in few blocks: a thousand objects would cost more than what is done with them. */
export interface AppendBatch {
  /** {@link ROW} numbers for each step: its type, its file, the position, and how many bytes. */
  readonly rows: Float64Array;
  /** The paths of the steps that have one, in their order. */
  readonly paths: readonly string[];
  /** The bytes of all steps, in their order. */
  readonly bytes: Uint8Array;
}

/** A step that was not done as a whole. The others were. */
export interface AppendFailure {
  /** Which step of the batch. */
  readonly step: number;
  readonly message: string;
  /** The system's, such as `"ENOSPC"`. */
  readonly code: string | undefined;
}

/** What a thread says when it is through with a batch. */
export type AppendAnswer = readonly AppendFailure[];

const ROW = 4;
const TYPES = ["create", "reopen", "ensure", "write", "close"] as const;
const WITH_PATH: ReadonlySet<AppendStep["type"]> = new Set(["create", "reopen", "ensure"]);

/** Puts steps together. @param memory holds their bytes until the thread is through with them. */
export function packAppends(steps: readonly AppendStep[], memory: GrowingBytes<SharedArrayBuffer>): AppendBatch {
  const rows = new Float64Array(ROW * steps.length);
  const paths: string[] = [];
  memory.clear();
  let at = 0;
  for (const { type, file, path, position, pieces } of steps) {
    rows[at] = TYPES.indexOf(type);
    rows[at + 1] = file;
    rows[at + 2] = position;
    rows[at + 3] = totalBytes(pieces);
    at += ROW;
    if (path !== undefined) paths.push(path);
    for (const piece of pieces) memory.append(piece);
  }
  return { rows, paths, bytes: memory.subarray() };
}

/** Takes a batch apart again. The bytes of each step come as one piece. */
export function* unpackAppends({ rows, paths, bytes }: AppendBatch): Generator<AppendStep> {
  let at = 0;
  let path = 0;
  for (let index = 0; index < rows.length; index += ROW) {
    const [file = 0, position = 0, size = 0] = [rows[index + 1], rows[index + 2], rows[index + 3]];
    const type = TYPES[rows[index] ?? 0] ?? "close";
    const isNew = WITH_PATH.has(type);
    yield { type, file, position, pieces: [bytes.subarray(at, at + size)], path: isNew ? paths[path] : undefined };
    at += size;
    if (isNew) path += 1;
  }
}
