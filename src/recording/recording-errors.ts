import { AudioStreamError, type AudioStreamErrorDetails, isAudioStreamError } from "../errors.js";
import { sentenceOf } from "../internal/text-of.js";

type Reason = AudioStreamErrorDetails["recording-incomplete"]["reason"];

const incomplete = (reason: Reason, message: string, cause?: unknown): AudioStreamError<"recording-incomplete"> =>
  new AudioStreamError("recording-incomplete", message, { details: { reason }, cause });

export const full = (maxBytes: number): AudioStreamError<"recording-incomplete"> =>
  incomplete(
    "full",
    `The recording has reached its limit of ${maxBytes} bytes, so that nothing more is kept. The stream goes on. Allow more with maxBytes, or begin another stream from time to time.`,
  );

export const inUse = (): AudioStreamError<"recording-incomplete"> =>
  incomplete(
    "in-use",
    "The recording belongs to another stream that has not ended, so that this one is not kept. Make one for each stream with recording().",
  );

/** @param cause why the browser's encoder could not be opened. */
export const unavailable = (cause: unknown): AudioStreamError<"recording-incomplete"> =>
  incomplete(
    "unsupported",
    'This browser does not encode Opus, so that nothing is recorded. The stream goes on. Allow a WAV file instead with oggOpus({ fallback: "wav" }).',
    cause,
  );

/** What the encoder itself said: what a stream that sends Opus is told to do then is not what a recording should do. */
const reasonOf = (cause: unknown): string =>
  sentenceOf(isAudioStreamError(cause) ? (cause.cause ?? "It did not answer in time.") : cause);

/** @param seconds that are kept. */
export const broken = (cause: unknown, seconds: number): AudioStreamError<"recording-incomplete"> =>
  incomplete(
    "encoder-failed",
    `The browser's Opus encoder failed, so that the recording ends after ${Math.max(0, seconds).toFixed(1)} seconds: ${reasonOf(cause)} The stream goes on, and what is kept can be had with toBlob().`,
    cause,
  );

export const unfinished = (cause: unknown): AudioStreamError<"encoder-failed"> =>
  new AudioStreamError(
    "encoder-failed",
    `The browser's Opus encoder did not bring out the last moments for the file: ${reasonOf(cause)} The recording goes on; ask again later, or after the stream's end.`,
    { details: undefined, cause },
  );

export const nothingYet = (): AudioStreamError<"invalid-state"> =>
  new AudioStreamError(
    "invalid-state",
    "There is nothing in the recording yet. Give it to a stream as the option recording, and start that first.",
    { details: { state: "idle" } },
  );

export const noOpus = (): AudioStreamError<"unsupported"> =>
  new AudioStreamError(
    "unsupported",
    'This browser has no AudioEncoder, by which oggOpus() records. Allow a WAV file instead with oggOpus({ fallback: "wav" }), or leave the option format out.',
    { details: { feature: "opus" } },
  );
