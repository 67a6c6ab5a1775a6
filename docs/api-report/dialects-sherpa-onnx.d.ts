import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";

interface SherpaOnnxOptions {
  readonly sampleRate?: number | undefined;
}
declare function sherpaOnnx(url: string | URL, options?: SherpaOnnxOptions & DialectTransportOptions): Transport;
declare function sherpaOnnxDialect(url: string | URL, {
  sampleRate
}?: SherpaOnnxOptions): Dialect;
export { SherpaOnnxOptions, sherpaOnnx, sherpaOnnxDialect };