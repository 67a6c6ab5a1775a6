import { AudioStreamError } from "../errors.js";
import { sentenceOf } from "../internal/text-of.js";
import type { PlaybackFormat } from "./port-messages.js";

const failed = (message: string, cause?: unknown): AudioStreamError<"playback-failed"> =>
  new AudioStreamError("playback-failed", message, { details: undefined, cause });

export const playerFailed = (cause: unknown) =>
  failed(
    `The server's audio cannot be played: ${sentenceOf(cause)} The microphone goes on. Start a new stream to try again.`,
    cause,
  );

export const workletRefused = (url: string | undefined, cause: unknown) =>
  failed(
    url === undefined
      ? `The player's audio-thread module was refused, most likely by the page's Content Security Policy: ${sentenceOf(cause)} Serve dist/playback.worklet.js and give its address as workletUrl.`
      : `The player's audio-thread module could not be loaded from ${url}: ${sentenceOf(cause)} Check the address, and that the page's script-src allows it.`,
    cause,
  );

export const workletTimedOut = (timeoutMs: number) =>
  failed(
    `The player's audio-thread module did not load within ${timeoutMs / 1_000} seconds. Check the network, and start a new stream.`,
  );

export const formatChanged = ({ sampleRate, channels }: PlaybackFormat) =>
  failed(
    `The server now speaks at ${sampleRate} Hz with ${channels} channel${channels === 1 ? "" : "s"}, and spoke otherwise before, which one session cannot. Its audio is not played any more. Start a new stream, and have all servers speak in one format.`,
  );

export const alreadyUsed = () =>
  failed(
    "What playback() returned plays for another stream that has not ended. Call playback() once for each stream that runs at the same time.",
  );

export const processorThrew = () =>
  failed(
    "The player failed on the audio thread, and plays nothing any more. Start a new stream; if this repeats, report it.",
  );

export const noSinkChoice = (cause?: unknown): AudioStreamError<"unsupported"> =>
  new AudioStreamError(
    "unsupported",
    cause === undefined
      ? "This browser cannot choose where audio is played. It plays on its default device."
      : `The device for playing could not be chosen: ${sentenceOf(cause)} Choose one that enumerateDevices() lists now.`,
    { details: { feature: "setSinkId" }, cause },
  );
