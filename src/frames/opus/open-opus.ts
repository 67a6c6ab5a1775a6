import type { AudioFormat } from "../../capture/source.js";
import { AudioStreamError } from "../../errors.js";
import type { Scope } from "../../internal/scope.js";
import { withinWakingTime } from "../../internal/waking-time.js";
import type { FrameEncoder, FrameEncoderObserver } from "../imported-encoding.js";
import { OpusEncoder } from "./opus-encoder.js";
import { isOpusSupported } from "./opus-support.js";

/** How long the browser may take to say whether it can encode, in milliseconds. */
const SUPPORT_TIMEOUT_MS = 5_000;
/** How long the encoder may take to bring out what it holds, in milliseconds. */
const FLUSH_TIMEOUT_MS = 30_000;

/** Prepares the browser's Opus encoder; see {@link EncoderOpener}. */
export async function openOpus(
  scope: Scope,
  format: AudioFormat,
  frameDurationMs: number,
  observer: FrameEncoderObserver,
): Promise<FrameEncoder> {
  const supported = await withinWakingTime(scope, SUPPORT_TIMEOUT_MS, isOpusSupported(format, { frameDurationMs }), {
    resource: "answer about Opus",
    late: () => silent("did not say whether it can encode Opus", SUPPORT_TIMEOUT_MS),
  });
  if (!supported) throw noOpus();
  scope.signal.throwIfAborted();
  const encoder = new OpusEncoder(format, { frameDurationMs }, observer);
  scope.defer("opus encoder", () => encoder.close());
  const flush = (): Promise<void> =>
    withinWakingTime(scope, FLUSH_TIMEOUT_MS, encoder.flush(), {
      resource: "encoder's last packets",
      late: () => {
        const error = silent("did not bring out what its Opus encoder holds", FLUSH_TIMEOUT_MS);
        observer.onError(error);
        return error;
      },
    });
  return { push: (frame) => encoder.push(frame), flush };
}

const noOpus = (): AudioStreamError<"unsupported"> =>
  new AudioStreamError(
    "unsupported",
    "This browser cannot encode Opus of such a sampleRate and frameDurationMs. Use another encoding.",
    { details: { feature: "opus" } },
  );

const silent = (what: string, timeoutMs: number): AudioStreamError<"encoder-failed"> =>
  new AudioStreamError(
    "encoder-failed",
    `The browser ${what} within ${timeoutMs / 1_000} seconds. Use encoding "pcm_s16le" if this goes on.`,
    { details: undefined },
  );
