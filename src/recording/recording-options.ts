import { checkEach, checkObject, numberFrom } from "../internal/arguments.js";

/** Options of {@link recording}. */
export interface RecordingOptions {
  /**
   * What the recording may take, silence in gaps included, in bytes: 1 MiB to 4_000_000_000. The part before is kept, and a
   * warning tells. By default two hours and a third in 16 bits at 16 kHz. @defaultValue 268_435_456
   */
  readonly maxBytes?: number | undefined;
}

const DEFAULTS = { maxBytes: 268_435_456 };

/** A WAV file counts its bytes in 32 bits. */
const LIMIT_BYTES = 4_000_000_000;

/** @throws TypeError or RangeError naming the option that cannot be. */
export function checkRecordingOptions(options: RecordingOptions): { readonly maxBytes: number } {
  checkObject("options", options);
  return checkEach("", options, DEFAULTS, { maxBytes: numberFrom(1_048_576, LIMIT_BYTES) });
}
