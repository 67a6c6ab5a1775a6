import type { AudioFormat, AudioSource } from "../../capture/source.js";
import type { Transport } from "../../transport/transport.js";

/** Where the audio comes from, and what carries it to the server. */
export interface AudioStreamParts {
  /** What `microphone()`, `mediaStream()` or `samples()` returns, or a source of your own. */
  readonly source: AudioSource;
  /** What `webSocket(url)` or a dialect returns, or a transport of your own. */
  readonly transport: Transport;
}

/** @throws TypeError when there is no source to open, no transport to connect, or one that cannot send audio of this format. */
export function checkParts(parts: AudioStreamParts, format: AudioFormat): void {
  const { source, transport } = (parts ?? {}) as Partial<AudioStreamParts>;
  if (typeof source?.open !== "function") {
    throw new TypeError(
      "source must have the function open(): give what microphone(), mediaStream() or samples() returns.",
    );
  }
  if (typeof transport?.connect !== "function") {
    throw new TypeError("transport must have the function connect(): give what webSocket(url) returns.");
  }
  transport.checkFormat?.(format);
}
