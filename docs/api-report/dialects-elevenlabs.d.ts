import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";
import { QueryValues } from "./shared-query.js";

interface ElevenLabsOptions {
  readonly url?: string | URL | undefined;
  readonly query?: QueryValues | undefined;
}
declare function elevenLabs(options?: ElevenLabsOptions & DialectTransportOptions): Transport;
declare function elevenLabsDialect({
  url,
  query
}?: ElevenLabsOptions): Dialect;
export { ElevenLabsOptions, elevenLabs, elevenLabsDialect };