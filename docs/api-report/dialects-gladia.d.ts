import { Transport } from "./shared-transport.js";
import { Dialect, DialectTransportOptions } from "./shared-dialect-transport.js";

declare function gladia(options?: DialectTransportOptions): Transport;
declare function gladiaDialect(): Dialect;
export { gladia, gladiaDialect };