import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";

interface WhisperLiveOptions {
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly sessionMs?: number | undefined;
}
declare function whisperLive(url: string | URL, options?: WhisperLiveOptions & DialectTransportOptions): Transport;
declare function whisperLiveDialect(url: string | URL, {
  config,
  sessionMs
}?: WhisperLiveOptions): Dialect;
export { WhisperLiveOptions, whisperLive, whisperLiveDialect };