import { checkEach, checkObject, oneOf, optional } from "../../internal/arguments.js";
import type { ImportedFormat } from "../imported-format.js";
import { RecordedAudio } from "../recorded-audio.js";
import { noOpus } from "../recording-errors.js";
import { RecordedOpus } from "./recorded-opus.js";

/** Options of {@link oggOpus}. */
export interface OggOpusOptions {
  /** What the recording is made as if the browser does not encode Opus. By default that is an error. */
  readonly fallback?: "wav" | undefined;
}

/** Opus in Ogg as a value of the option `format`; made by {@link oggOpus}. */
export interface OggOpus {
  /** The name of the format. */
  readonly name: "ogg-opus";
}

/**
 * Opus in Ogg, for the option `format` of {@link recording}: about 24 kbit/s for each channel up to 16 kHz, and 32 kbit/s above. The
 * browser's encoder makes it while the stream captures, of any `sampleRate`; rates that Opus does not know become 48 kHz.
 * An application that does not import it does not carry its code.
 * @throws TypeError naming the option that cannot be.
 */
export function oggOpus(options: OggOpusOptions = {}): OggOpus {
  checkObject("options", options);
  const { fallback } = checkEach("", options, {}, { fallback: optional(oneOf(["wav"])) });
  const format: ImportedFormat = {
    name: "ogg-opus",
    check() {
      // A server that renders the page has none either, and records nothing.
      if (fallback === undefined && typeof document !== "undefined" && typeof AudioEncoder === "undefined")
        throw noOpus();
    },
    keep(format, maxBytes, onIncomplete) {
      const wav = (): RecordedAudio => new RecordedAudio(format, maxBytes, onIncomplete);
      const [serial = 0] = crypto.getRandomValues(new Uint32Array(1));
      return new RecordedOpus({
        ...{ format, maxBytes, onIncomplete, serial },
        fallback: fallback === undefined ? undefined : wav,
      });
    },
  };
  return format;
}
