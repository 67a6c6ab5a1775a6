/** After so many workers that died, the page does their work. */
export const MAX_DEATHS = 3;

/** What becomes of the connections of a worker that ends. */
export interface HowItEnds {
  /** What was on its way to the server still arrives. */
  readonly flushUp: boolean;
  /** `undefined`: only silence tells the server. */
  readonly serverLearnsAfterMs: number | undefined;
}

/** How the next worker starts, whose code has to be loaded. */
export interface HowItStarts {
  readonly afterMs: number;
  /** It does not, and the page does its work from then on. */
  readonly fails: boolean;
}

/** A worker that died, and what the page knew of its session then. */
export interface Death {
  /** When another one went on, by the page's own clock. */
  readonly at: number;
  /** Audio before this position was acknowledged, or known to be lost. */
  readonly settled: number;
  /** Of audio from this position on the page knows nothing but that it was captured. */
  readonly known: number;
  /** Position after the last sample that was captured for it. */
  readonly captured: number;
  /** How many events the page had got. */
  readonly told: number;
  readonly epoch: number | undefined;
  readonly lastSeq: number;
}
