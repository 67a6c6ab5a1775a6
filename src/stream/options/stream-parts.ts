import type { AudioSource } from "../../capture/source.js";
import type { Transport } from "../../transport/transport.js";
import type { ResolvedOptions } from "./resolve-options.js";

/** Where the audio comes from, and what carries it to the server. */
export interface AudioStreamParts {
  /** What `microphone()`, `mediaStream()` or `samples()` returns, or a source of your own. */
  readonly source: AudioSource;
  /** What `webSocket(url)` or a dialect returns, or a transport of your own. */
  readonly transport: Transport;
}

/** @throws TypeError when there is no source to open, no transport to connect, or one of them cannot do what the options ask for. */
export function checkParts(parts: AudioStreamParts, { format, gate }: Pick<ResolvedOptions, "format" | "gate">): void {
  const { source, transport } = (parts ?? {}) as Partial<AudioStreamParts>;
  if (typeof source?.open !== "function") {
    throw new TypeError(
      "source must have the function open(): give what microphone(), mediaStream() or samples() returns.",
    );
  }
  gate?.check(source);
  if (typeof transport?.connect !== "function") {
    throw new TypeError("transport must have the function connect(): give what webSocket(url) returns.");
  }
  transport.checkFormat?.(format, gate?.terms.withholds);
}
