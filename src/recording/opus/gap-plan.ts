/** A gap up to so long goes through the encoder whole, in seconds. */
const ENCODED_GAP_SECONDS = 4;
/** Of a longer one so much at its beginning and, with what is no whole second, so much at its end. */
const EDGE_SECONDS = 1;

/** What becomes of a gap in a file of packets, which cannot leave anything out. */
export interface GapPlan {
  /** Silence that is encoded before and after the repetition, in samples. */
  readonly before: number;
  readonly after: number;
  /** For so long the packet is repeated in which the encoder has come to rest: an hour of silence costs no hour of encoding. */
  readonly repeatedSeconds: number;
}

/** @param sampleRate in Hz, a whole number. */
export function planGap(samples: number, sampleRate: number): GapPlan {
  const seconds = Math.floor(samples / sampleRate);
  if (seconds < ENCODED_GAP_SECONDS) return { before: samples, after: 0, repeatedSeconds: 0 };
  const repeatedSeconds = seconds - 2 * EDGE_SECONDS;
  const before = EDGE_SECONDS * sampleRate;
  return { before, after: samples - repeatedSeconds * sampleRate - before, repeatedSeconds };
}
