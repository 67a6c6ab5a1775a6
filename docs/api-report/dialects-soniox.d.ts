import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";

interface SonioxOptions {
  readonly url?: string | URL | undefined;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  readonly sessionMs?: number | undefined;
}
declare function soniox(options?: SonioxOptions & DialectTransportOptions): Transport;
declare function sonioxDialect({
  url,
  config,
  sessionMs
}?: SonioxOptions): Dialect;
export { SonioxOptions, soniox, sonioxDialect };