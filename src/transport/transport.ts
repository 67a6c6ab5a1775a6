import type { AudioFormat } from "../capture/source.js";
import type { Scope } from "../internal/scope.js";
import type { Bytes } from "../protocol/bytes.js";

/** Why a connection is being made, given to URL and token providers at each attempt. */
export interface ConnectContext {
  /** Counts from 1 since the last stable connection. */
  readonly attempt: number;
  /** Aborted when the attempt's deadline passes or the stream ends. */
  readonly signal: AbortSignal;
}

/** Where the server listens, or a function that is asked before each connection. */
export type UrlProvider = string | URL | ((context: ConnectContext) => string | URL | Promise<string | URL>);

/** Makes connections. */
export interface Transport {
  /**
   * Called when a stream is made, so that a format that cannot be sent is known before anybody speaks. A transport that takes
   * every format needs none.
   * @param withholds whether silence will be left out, see the option `gate`.
   * @throws TypeError saying why audio of this format cannot be sent, and what to use instead.
   */
  checkFormat?(format: AudioFormat, withholds?: boolean): void;
  /** @throws whatever kept the connection from opening; `signal.reason` when aborted. Either way nothing stays open. */
  connect(options: TransportConnectOptions): Promise<TransportConnection>;
}

/** What a transport is told for one attempt, and whom it calls. */
export interface TransportConnectOptions extends ConnectContext {
  /** Ends together with the signal. What is registered here is listed by the stream's `resources()`; a transport need not. */
  readonly scope?: Scope | undefined;
  /** Ends with the stream: the owner of what outlives a connection. */
  readonly streamScope?: Scope | undefined;
  /** Takes each message that arrives, in order. */
  onMessage(data: string | Bytes): void;
}

/** A connection that is open. */
export interface TransportConnection {
  /** Bytes accepted but not yet handed to the network. */
  readonly bufferedBytes: number;
  /** Resolves, and never rejects, when the connection is gone. */
  readonly closed: Promise<TransportCloseInfo>;
  /** Sends a message, or keeps it until it can be sent. */
  send(data: string | Bytes): void;
  /**
   * Detaches every handler and starts the closing handshake without waiting for it: a black-holed link delivers its
   * close event only after a minute.
   */
  close(code: number, reason: string): void;
}

/** How a connection ended, in the terms of a WebSocket's close event. */
export interface TransportCloseInfo {
  /** The close code, as WebSocket has them; 1006 if the connection broke without one. */
  readonly code: number;
  /** What the other end said with it; empty if nothing. */
  readonly reason: string;
  /** Whether the connection ended in order. */
  readonly clean: boolean;
}
