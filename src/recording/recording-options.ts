import { checkEach, checkObject, isObject, numberFrom } from "../internal/arguments.js";
import type { ImportedFormat } from "./imported-format.js";
import type { OggOpus } from "./opus/ogg-opus.js";

/** Options of {@link recording}. */
export interface RecordingOptions {
  /**
   * What the file is: `"wav"`, in the stream's encoding, or what `oggOpus()` returns, a tenth as large.
   * @defaultValue "wav"
   */
  readonly format?: "wav" | OggOpus | undefined;
  /**
   * What the recording may take, silence in gaps included, in bytes: 1 MiB to 4_000_000_000. The part before is kept, and a
   * warning tells. By default two hours and a third in 16 bits at 16 kHz. @defaultValue 268_435_456
   */
  readonly maxBytes?: number | undefined;
}

const DEFAULTS = { maxBytes: 268_435_456, format: "wav" };

/** A WAV file counts its bytes in 32 bits. */
const LIMIT_BYTES = 4_000_000_000;

export interface CheckedRecordingOptions {
  readonly maxBytes: number;
  /** `undefined` for a WAV file. */
  readonly format: ImportedFormat | undefined;
}

/** @throws TypeError or RangeError naming the option that cannot be. */
export function checkRecordingOptions(options: RecordingOptions): CheckedRecordingOptions {
  checkObject("options", options);
  return checkEach("", options, DEFAULTS, { maxBytes: numberFrom(1_048_576, LIMIT_BYTES), format: checkFormat });
}

function checkFormat(name: string, given: unknown): ImportedFormat | undefined {
  if (given === "wav") return undefined;
  if (isObject(given) && "keep" in given && "check" in given) return given as ImportedFormat;
  const what = typeof given === "string" ? `"${given}"` : typeof given;
  throw new TypeError(
    `${name} must be "wav", or what oggOpus() of "loquilex/recording" returns, and is ${what}. Import oggOpus, call it, and give what it returns.`,
  );
}
