import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";
import { QueryValues } from "./shared-query.js";

interface DeepgramFluxOptions {
  readonly url?: string | URL | undefined;
  readonly query?: QueryValues | undefined;
  readonly credential?: "bearer" | "token" | undefined;
}
declare function deepgramFlux(options?: DeepgramFluxOptions & DialectTransportOptions): Transport;
declare function deepgramFluxDialect({
  url,
  query,
  credential
}?: DeepgramFluxOptions): Dialect;
export { DeepgramFluxOptions, deepgramFlux, deepgramFluxDialect };