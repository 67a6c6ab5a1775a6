import type { Scope } from "loquilex/resources";

/** What an engine is given to hear. Samples are signed 16-bit little-endian, channels interleaved. */
export interface EngineFormat {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** Something that was said, as far as it is known. Positions count samples since the stream began. */
export interface Segment {
  /** A final without a text takes back what was said of its segment. */
  readonly text: string;
  /** Stays the same from the first partial to the final, and is never used again in this stream. */
  readonly segmentId: string;
  readonly final: boolean;
  /** Position of the first sample, and of the one after the last. */
  readonly from: number;
  readonly to: number;
  /** Its words in order, if the engine knows when each was spoken. */
  readonly words?: readonly SegmentWord[] | undefined;
}

export interface SegmentWord {
  readonly text: string;
  /** Position of the first sample, and of the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** Which engine works on a stream, for the people who watch it. */
export interface EngineStatus {
  readonly engine: string;
  /** `false` for an engine that only tells when somebody speaks. */
  readonly words: boolean;
  /** A sentence about anything that is not as asked for; empty otherwise. */
  readonly detail: string;
  /** While the stream waits for the chosen engine: its place in the queue, where 1 is next. */
  readonly place?: number | undefined;
}

export interface EngineOpenOptions {
  readonly format: EngineFormat;
  /** Position of the first sample that will be written. */
  readonly startPosition: number;
  /** Owns what the run needs; the run's owner ends it. */
  readonly scope: Scope;
  /** Called once inside `open` by an engine that listens, and again when another one takes over. */
  onStatus(status: EngineStatus): void;
  onSegment(segment: Segment): void;
  /** The run is over before it was ended; the message is a sentence for people. Called at most once, never inside `open`. */
  onError(error: Error): void;
}

/** An engine cannot take this stream; the message says why and what to do. */
export class EngineRefusal extends Error {
  override readonly name = "EngineRefusal";
}

/** A recogniser: the port that every engine fits. */
export interface Engine {
  readonly name: string;
  /** Starts to listen to one stream. @throws EngineRefusal when it cannot. */
  open(options: EngineOpenOptions): EngineRun;
}

/** One stream in an engine. Its owner calls `dispose` in every case, after `end` too. */
export interface EngineRun {
  /**
   * Samples that follow the last ones. The bytes are used again afterwards: an engine that needs them later copies them.
   * @returns nothing when more may come at once, or a promise that resolves when it may.
   */
  write(samples: Uint8Array, position: number): Promise<void> | undefined;
  /** The samples from `from` up to, not including, `to` do not exist or were skipped. */
  gap(from: number, to: number): void;
  /** No more audio: resolves after the last final, however long that takes. */
  end(): Promise<void>;
  /** Lets go of everything now; nothing is reported afterwards. Idempotent. */
  dispose(): Promise<void>;
}
