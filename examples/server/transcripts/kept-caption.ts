import type { StreamFormat } from "../engines/hearing/engine-ear.js";

/** A finished caption. Positions count samples since the stream began. */
export interface KeptCaption {
  readonly segment_id: string;
  readonly text: string;
  /** Position of the first sample, and of the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** The first line of a file of captions: the recording that their positions belong to. */
export interface CaptionsHead {
  readonly session_id: string;
  readonly encoding: StreamFormat["encoding"];
  /** Hz. */
  readonly sample_rate: number;
  readonly channels: number;
  /** Position of the recording's first sample. */
  readonly start_position: number;
}

/** What files of captions say together. */
export interface CaptionsContent {
  readonly head: CaptionsHead | undefined;
  readonly captions: readonly KeptCaption[];
}

/** Reads the files of one recording's captions, in order. What is no line of theirs is passed over. */
export function parseCaptions(text: string): CaptionsContent {
  const lines = text.split("\n").map(parseLine);
  return { head: lines.find(isHead), captions: lines.filter(isCaption) };
}

function parseLine(line: string): object {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    // Somebody has edited the file, or the disk has lost a piece of it.
    return {};
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function isHead(line: object): line is CaptionsHead {
  const { sample_rate, start_position } = line as Partial<CaptionsHead>;
  return isCount(sample_rate) && sample_rate > 0 && isCount(start_position);
}

function isCaption(line: object): line is KeptCaption {
  const { segment_id, text, from, to } = line as Partial<KeptCaption>;
  return typeof segment_id === "string" && typeof text === "string" && isCount(from) && isCount(to) && from <= to;
}
