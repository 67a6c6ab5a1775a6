import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";
import { QueryValues } from "./shared-query.js";

interface DeepgramOptions {
  readonly url?: string | URL | undefined;
  readonly query?: QueryValues | undefined;
  readonly credential?: "bearer" | "token" | undefined;
}
declare function deepgram(options?: DeepgramOptions & DialectTransportOptions): Transport;
declare function deepgramDialect({
  url,
  query,
  credential
}?: DeepgramOptions): Dialect;
export { DeepgramOptions, deepgram, deepgramDialect };