import {
  checkBoolean,
  checkEach,
  checkObject,
  isObject,
  numberFrom,
  oneOf,
  optional,
  wholeNumberFrom,
} from "../../internal/arguments.js";
import { attempt } from "../../internal/attempt.js";
import { type Deferred, deferred } from "../../internal/deferred.js";
import { Scope } from "../../internal/scope.js";
import { CHANNEL_POLICIES, type ChannelPolicy } from "../../worklet/port-messages.js";
import { processorSettings } from "../graph/processor/processor-settings.js";
import { captureFailed } from "../media-errors.js";
import type { AudioCapture, AudioSource, SourceOpenOptions } from "../source.js";
import { isFloat32Array, isReadableStream, kindOf, type SampleInput, SampleReader } from "./sample-reader.js";
import { SamplesCapture } from "./samples-capture.js";

/** What kind of sound it is, and how fast it is read. */
export interface SamplesOptions {
  /** Of the input in Hz, 1_000 to 768_000; converted to the stream's. */
  readonly sampleRate: number;
  /** Values in each sample of the input, 1 to 32. @defaultValue 1 */
  readonly channelCount?: number | undefined;
  /**
   * What becomes of the channels: `"mix"`: one channel, the mean of those that carry sound; `"left"`, `"right"`: the first
   * or the second alone; `"stereo"`: both, for a stream whose `channelCount` is 2.
   * @defaultValue `"mix"`; `"stereo"` where the stream's `channelCount` is 2
   */
  readonly channels?: ChannelPolicy | undefined;
  /**
   * `true`: no faster than it sounds, as a microphone would hear it. `false`: as fast as the input gives it and the stream
   * has room for it, for a recording that need not last as long as it sounds, and for an input that is live itself.
   * @defaultValue true
   */
  readonly realTime?: boolean | undefined;
}

/** Sound from a program; see {@link samples}. */
export interface SamplesSource extends AudioSource {
  /**
   * Resolves when the input has been read to its end and the stream has been given all of it: time to close the stream.
   * Rejects when the input fails, or when the stream ends before it, started or not. Whoever does not wait for it need not handle it.
   */
  readonly ended: Promise<void>;
}

/**
 * Sound that a program has or makes: a decoded file, a synthesiser, a test. Works wherever JavaScript runs, without an
 * audio device. The input is read piece by piece, and not while the stream is paused or has no room for more, so that
 * nothing of it is lost while the connection is; at its end the stream stays open until it is closed. A stream that ends
 * before lets the input go (`return()`, `cancel()`). An input serves one stream.
 * @throws TypeError or RangeError naming the option that is wrong.
 */
export function samples(input: SampleInput, options: SamplesOptions): SamplesSource {
  checkObject("options", options);
  checkInput(input);
  checkOptions(options);
  const ended = deferred<void>();
  let served = false;
  return {
    canGate: true,
    ended: ended.promise,
    async open(openOptions) {
      if (served)
        throw captureFailed("The input of samples() has served a stream already. Make a new one for each stream.");
      served = true;
      try {
        openOptions.signal.throwIfAborted();
        return openSamples(input, options, openOptions, ended);
      } catch (error) {
        ended.reject(error);
        throw error;
      }
    },
    release(reason) {
      if (served) return;
      served = true;
      ended.reject(reason);
      void attempt(() => new SampleReader(input, options.channelCount ?? 1).release(reason)).catch(() => {});
    },
  };
}

function openSamples(
  input: SampleInput,
  { sampleRate, channelCount = 1, channels, realTime = true }: SamplesOptions,
  options: SourceOpenOptions,
  ended: Deferred<void>,
): AudioCapture {
  const settings = processorSettings(channels, options);
  const reader = new SampleReader(input, channelCount);
  const scope = options.scope?.child("samples") ?? new Scope({ name: "samples" });
  scope.follow(options.signal, (reason) => void scope.dispose(reason));
  return new SamplesCapture(
    { scope, reader, settings, sampleRate, channelCount, realTime, onDone: ended.resolve, onFailed: ended.reject },
    options,
  );
}

function checkInput(input: SampleInput): void {
  if (isFloat32Array(input)) throw new TypeError("input must be pieces of sound: give one alone as [piece].");
  if (!isObject(input) || !isReadable(input)) {
    throw new TypeError(`input must be an iterable, an async iterable or a ReadableStream, and is ${kindOf(input)}.`);
  }
  if (isReadableStream(input) && input.locked) {
    throw new TypeError("input is a stream that somebody reads already: release its lock, or give a branch of tee().");
  }
}

function isReadable(input: object): boolean {
  return isReadableStream(input) || Symbol.asyncIterator in input || Symbol.iterator in input;
}

function checkOptions(options: SamplesOptions): void {
  checkEach(
    "",
    options,
    {},
    {
      sampleRate: numberFrom(1_000, 768_000),
      channelCount: optional(wholeNumberFrom(1, 32)),
      channels: optional(oneOf(CHANNEL_POLICIES)),
      realTime: optional(checkBoolean),
    },
  );
}
