/** A steady link still hesitates now and then, so its limit stays this far above its round trip. */
const MIN_VARIATION_MS = 1_000;
const MAX_LIMIT_MS = 60_000;

/** How long a link takes to answer, by what was measured: the smoothed round trip and its variation of RFC 6298. */
export class RoundTrip {
  #smoothedMs: number | undefined;
  #variationMs = 0;

  measured(roundTripMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = roundTripMs;
      this.#variationMs = roundTripMs / 2;
      return;
    }
    this.#variationMs += (Math.abs(this.#smoothedMs - roundTripMs) - this.#variationMs) / 4;
    this.#smoothedMs += (roundTripMs - this.#smoothedMs) / 8;
  }

  /** A link that has not answered for so long would be unusually slow, in milliseconds; 0 until something was measured. */
  get limitMs(): number {
    if (this.#smoothedMs === undefined) return 0;
    return Math.min(MAX_LIMIT_MS, this.#smoothedMs + Math.max(MIN_VARIATION_MS, 4 * this.#variationMs));
  }
}
