/** A gap up to so long goes through the encoder whole, in seconds. */
const ENCODED_GAP_SECONDS = 4;
/** Part of a longer gap that is encoded at its beginning, and at its end together with any fraction of a second. */
const EDGE_SECONDS = 1;

/** What becomes of a gap in a file of packets, which cannot leave anything out. */
export interface GapPlan {
  /** Silence that is encoded before and after the leap, in samples, so that the codec comes to rest and is in step again. */
  readonly before: number;
  readonly after: number;
  /** For so long packets are put in that no encoder made: an hour of silence costs no hour of encoding. */
  readonly leapSeconds: number;
}

/** @param sampleRate in Hz, a whole number. */
export function planGap(samples: number, sampleRate: number): GapPlan {
  const seconds = Math.floor(samples / sampleRate);
  if (seconds < ENCODED_GAP_SECONDS) return { before: samples, after: 0, leapSeconds: 0 };
  const leapSeconds = seconds - 2 * EDGE_SECONDS;
  const before = EDGE_SECONDS * sampleRate;
  return { before, after: samples - leapSeconds * sampleRate - before, leapSeconds };
}
