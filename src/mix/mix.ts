import type { AudioSource } from "../capture/source.js";
import { checkObject, isObject } from "../internal/arguments.js";
import { attempt } from "../internal/attempt.js";
import type { MixFigures, MixSources } from "./mix-sources.js";
import { MixedCapture } from "./mixed-capture.js";

/** Two sources that are one; see {@link mix}. */
export interface MixSource extends AudioSource {
  /** What was last measured; `undefined` until both sources have delivered. */
  readonly figures: MixFigures | undefined;
}

/**
 * Two sources as the two channels of one stream, on one clock: a microphone and a tab, or the two ends of a call. The stream
 * needs `channelCount: 2`. Both sources are opened inside the call, so that one click is enough. Each heals by itself: while one
 * delivers nothing, its channel is silent and the other one goes on, with a warning. If one ends for good, the stream goes on
 * with the other; it ends when both have.
 *
 * Each source's clock is measured against the page's, and its sound is resampled by the difference, so that the channels
 * stay together however long the stream lasts. The sources must be live: what comes faster or slower than it sounds has no
 * place on a clock. Their frames pass through the page, also if the stream's host is a worker.
 * @throws TypeError naming what is wrong.
 */
export function mix(sources: MixSources): MixSource {
  checkObject("sources", sources);
  const { left, right } = sources;
  checkSource("left", left);
  checkSource("right", right);
  if (left === right) throw new TypeError("left and right are the same source. Make one for each side.");
  let latest: MixedCapture | undefined;
  return {
    get figures() {
      return latest?.figures;
    },
    open: (options) =>
      MixedCapture.open({ left, right }, options, (capture) => {
        latest = capture;
      }),
    release(reason) {
      for (const source of [left, right]) void attempt(() => source.release?.(reason)).catch(() => {});
    },
  };
}

function checkSource(name: string, source: AudioSource): void {
  if (isObject(source) && "open" in source && typeof source.open === "function") return;
  throw new TypeError(`${name} must be an audio source, such as microphone() or mediaStream(stream).`);
}
