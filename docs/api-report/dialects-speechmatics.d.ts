import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";

interface SpeechmaticsOptions {
  readonly url?: string | URL | undefined;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}
declare function speechmatics(options?: SpeechmaticsOptions & DialectTransportOptions): Transport;
declare function speechmaticsDialect({
  url,
  config
}?: SpeechmaticsOptions): Dialect;
export { SpeechmaticsOptions, speechmatics, speechmaticsDialect };