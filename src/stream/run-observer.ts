import type { AudioCapture, SourceOpenOptions } from "../capture/source.js";
import type { ServerMessage } from "../protocol/messages.js";
import type { CloseInfo } from "../state.js";
import type { ConnectContext, TransportConnection, TransportConnectOptions } from "../transport/transport.js";
import { invalidState } from "./stream-errors.js";

/**
 * Whom a running stream calls: its handle, and through it what the application gave, since that may well refer to the
 * handle. Must be held by the handle alone, so that a forgotten one can be noticed.
 */
export interface RunObserver {
  openSource(options: SourceOpenOptions): Promise<AudioCapture>;
  /** The source will not be opened. It may throw. */
  releaseSource(reason: unknown): void;
  connect(options: TransportConnectOptions): Promise<TransportConnection>;
  /** Asked in place of {@link connect} if the connection is made in a worker. Returns what the application returns. */
  getUrl(context: ConnectContext): unknown;
  getToken(context: ConnectContext): string | Promise<string>;
  /** The state has changed, by one step. */
  onState(): void;
  onEvent(event: Event): void;
  onMessage(message: ServerMessage): void;
  /** Nothing runs any more. */
  onFinish(reason: unknown): void;
  /** The page goes away: a frame that is removed may run nothing of its own after this call. */
  onGone(): void;
  /** Everything is released. */
  onReleased(info: CloseInfo): void;
}

const forgotten = (): Promise<never> => Promise.reject(invalidState("Connecting", "closed"));

/** Stands in for an observer that was collected: nothing can be opened or connected any more. */
export const FORGOTTEN: Pick<RunObserver, "openSource" | "connect" | "getUrl" | "getToken"> = {
  openSource: forgotten,
  connect: forgotten,
  getUrl: forgotten,
  getToken: forgotten,
};
