import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";

interface OpenAIOptions {
  readonly url?: string | URL | undefined;
  readonly input?: Readonly<Record<string, unknown>> | undefined;
}
declare function openAI(options?: OpenAIOptions & DialectTransportOptions): Transport;
declare function openAIDialect({
  url,
  input
}?: OpenAIOptions): Dialect;
export { OpenAIOptions, openAI, openAIDialect };