import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";
import { QueryValues } from "./shared-query.js";

interface AssemblyAIOptions {
  readonly url?: string | URL | undefined;
  readonly query?: QueryValues | undefined;
  readonly sessionMs?: number | undefined;
}
declare function assemblyAI(options?: AssemblyAIOptions & DialectTransportOptions): Transport;
declare function assemblyAIDialect({
  url,
  query,
  sessionMs
}?: AssemblyAIOptions): Dialect;
export { AssemblyAIOptions, assemblyAI, assemblyAIDialect };