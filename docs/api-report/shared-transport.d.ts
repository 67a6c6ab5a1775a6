import { AudioFormat } from "./shared-errors.js";
import { Scope } from "./shared-scope.js";
import { Bytes } from "./shared-messages.js";

interface ConnectContext {
  readonly attempt: number;
  readonly signal: AbortSignal;
}
type UrlProvider = string | URL | ((context: ConnectContext) => string | URL | Promise<string | URL>);
interface Transport {
  checkFormat?(format: AudioFormat, withholds?: boolean): void;
  connect(options: TransportConnectOptions): Promise<TransportConnection>;
}
interface TransportConnectOptions extends ConnectContext {
  readonly scope?: Scope | undefined;
  readonly streamScope?: Scope | undefined;
  onMessage(data: string | Bytes): void;
}
interface TransportConnection {
  readonly bufferedBytes: number;
  readonly closed: Promise<TransportCloseInfo>;
  send(data: string | Bytes): void;
  close(code: number, reason: string): void;
}
interface TransportCloseInfo {
  readonly code: number;
  readonly reason: string;
  readonly clean: boolean;
}
export { ConnectContext, Transport, TransportCloseInfo, TransportConnectOptions, TransportConnection, UrlProvider };