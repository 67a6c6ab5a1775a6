import type { PlacedFrame } from "../capture/inlet/frame-inlet.js";
import type { AudioFormat } from "../capture/source.js";
import type { AudioStreamError } from "../errors.js";
import type { Scope } from "../internal/scope.js";
import type { WireAudioFrame } from "../protocol/audio-frame.js";

/** Opus as a value of the option `encoding`; made by {@link opus}. */
export interface OpusEncoding {
  /** On the wire. */
  readonly name: "opus";
}

/** An encoding that is not made on the audio thread, as a value, so that only an application that uses it carries it. */
export interface ImportedEncoding extends OpusEncoding {
  /** @throws RangeError for what it cannot be made of. */
  check(sampleRate: number, frameDurationMs: number): void;
  readonly open: EncoderOpener;
  /** An expression whose value in a worker is the same as `open`; `undefined` where the sources run as they are. */
  readonly source: (() => string) | undefined;
}

/**
 * Prepares an encoder, which ends with the scope.
 * @param format on the wire; frames come in `pcm_f32le`.
 * @throws AudioStreamError `unsupported`, `encoder-failed`, or the reason of the scope's end.
 */
export type EncoderOpener = (
  scope: Scope,
  format: AudioFormat,
  frameDurationMs: number,
  observer: FrameEncoderObserver,
) => Promise<FrameEncoder>;

/** Makes frames for the wire. */
export interface FrameEncoder {
  push(frame: PlacedFrame): void;
  /** Resolves when everything pushed so far has come out. @throws AudioStreamError `encoder-failed`. */
  flush(): Promise<void>;
}

/** Whom an encoder calls. */
export interface FrameEncoderObserver {
  onFrame(frame: WireAudioFrame): void;
  onError(error: AudioStreamError<"encoder-failed">): void;
}
