import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";

interface VoskOptions extends DialectTransportOptions {
  readonly endMessage?: string | undefined;
  readonly phrases?: readonly string[] | undefined;
}
declare function vosk(url: string | URL, options?: VoskOptions): Transport;
declare function voskDialect(url: string | URL, {
  endMessage,
  phrases
}?: Omit<VoskOptions, keyof DialectTransportOptions>): Dialect;
export { VoskOptions, vosk, voskDialect };