import type { RemoteMessage, Verdict } from "../dialect.js";

/** The connection to a service. */
export interface RemoteLink {
  /** Bytes accepted but not yet handed to the network. */
  readonly bufferedBytes: number;
  send(message: RemoteMessage): void;
  close(): void;
}

/** Told what happens on a connection to the service. */
export interface RemoteObserver {
  opened(link: RemoteLink): void;
  received(message: RemoteMessage): void;
  closed(code: number, reason: string): void;
  /** There never was one. */
  failed(verdict: Verdict): void;
}
