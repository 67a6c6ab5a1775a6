import type { EngineFormat, Segment } from "./engine.js";

/** What an engine's thread is started with. */
export interface ThreadStream {
  readonly format: EngineFormat;
  /** Position of the first sample that will come. */
  readonly startPosition: number;
}

/** What an engine's thread is given. */
export type ThreadInput =
  | { readonly type: "audio"; readonly samples: Uint8Array; readonly position: number }
  | { readonly type: "gap"; readonly from: number; readonly to: number }
  /** Nothing follows: say `ended` after the last segment. */
  | { readonly type: "end" };

/** What an engine's thread says. */
export type ThreadAnswer =
  /** It is done with so many bytes of audio. */
  | { readonly type: "heard"; readonly bytes: number }
  | { readonly type: "segment"; readonly segment: Segment }
  | { readonly type: "ended" };
