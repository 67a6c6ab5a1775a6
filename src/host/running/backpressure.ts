import type { FramePath } from "../../frames/frame-path.js";
import { type Deferred, deferred } from "../../internal/deferred.js";
import { bytesPerSample } from "../../protocol/audio-frame.js";
import type { SessionStats } from "../../session/session-io.js";
import type { RunningOptions } from "../running-messages.js";

/** Of what may be kept for replay, how much a source that can wait fills: the rest is for what it cannot hold back. */
const FILL = 0.5;
/** How far a source that can wait runs ahead of the encoder, in milliseconds. */
const ENCODING_MS = 5_000;

/** Lets sources that can wait give no more than the stream can keep until the server has it. */
export class Backpressure {
  readonly #limitSamples: number;
  readonly #limitEncoding: number;
  readonly #stats: () => SessionStats | undefined;
  readonly #path: Pick<FramePath, "samplesEncoding">;
  #waiting: Deferred<void> | undefined;

  /** @param stats of the session; `undefined` before the start, when audio is not kept for the server yet. */
  constructor(
    { format, session: { replay } }: RunningOptions,
    path: Pick<FramePath, "samplesEncoding">,
    stats: () => SessionStats | undefined,
  ) {
    const bySamples = (replay.maxDurationMs / 1_000) * format.sampleRate;
    // An encoding without a fixed size is smaller than any other.
    const byBytes = replay.maxBytes / ((bytesPerSample(format.encoding) ?? 1) * format.channelCount);
    this.#limitSamples = FILL * Math.min(bySamples, byBytes);
    this.#limitEncoding = (ENCODING_MS / 1_000) * format.sampleRate;
    this.#stats = stats;
    this.#path = path;
  }

  /** Resolves as soon as there is some. */
  wait(): Promise<void> {
    if (this.#hasSome()) return Promise.resolve();
    this.#waiting ??= deferred();
    return this.#waiting.promise;
  }

  /** The stream has started, the encoder has given something, or the server has told what it has. */
  changed(): void {
    if (this.#waiting === undefined || !this.#hasSome()) return;
    this.#waiting.resolve();
    this.#waiting = undefined;
  }

  #hasSome(): boolean {
    const stats = this.#stats();
    if (stats === undefined) return false;
    const { samplesEncoding } = this.#path;
    return samplesEncoding < this.#limitEncoding && samplesEncoding + stats.bufferedSamples < this.#limitSamples;
  }
}
