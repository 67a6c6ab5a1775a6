import { withSignal } from "../internal/abort.js";
import { checkObject } from "../internal/arguments.js";
import { LateModule } from "../internal/late-module.js";
import type { Transport, TransportConnection, TransportConnectOptions, UrlProvider } from "./transport.js";
import { checkAddress, toWebSocketUrl } from "./web-address.js";

/** How {@link webSocket} makes its sockets. */
export interface WebSocketTransportOptions {
  /** Subprotocols to offer. @defaultValue ["loquilex.v1"] */
  readonly protocols?: string | readonly string[] | undefined;
  /** Another implementation of the browser's interface. @defaultValue globalThis.WebSocket */
  readonly WebSocket?: typeof WebSocket | undefined;
  /** What a relative address is relative to. @defaultValue document.baseURI */
  readonly baseUrl?: string | undefined;
}

/** What a transport over WebSocket was made with, as far as another thread can make one of it. */
export interface WebSocketAddress {
  readonly url: UrlProvider;
  readonly protocols: string | readonly string[] | undefined;
}

const addresses = new WeakMap<Transport, WebSocketAddress>();

/** A page whose sockets are all in workers has no use for it. */
export const socketModule = /* @__PURE__ */ new LateModule(() => import("./socket.js"));

/** Returns `undefined` for any other transport, and for one with an implementation of its own. */
export function addressOf(transport: Transport): WebSocketAddress | undefined {
  return addresses.get(transport);
}

/**
 * Connections over WebSocket.
 * @param url `ws:`, `wss:`, `http:` or `https:`, absolute or relative to the page; a function is asked anew at each attempt.
 * @throws TypeError when a fixed URL cannot be one of these.
 */
export function webSocket(url: UrlProvider, options: WebSocketTransportOptions = {}): Transport {
  checkObject("options", options);
  if (typeof url !== "function") {
    checkAddress(url);
    toWebSocketUrl(url, options.baseUrl);
  }
  const transport: Transport = { connect: (connectOptions) => connect(url, options, connectOptions) };
  if (options.WebSocket === undefined) addresses.set(transport, { url, protocols: options.protocols });
  return transport;
}

async function connect(
  provider: UrlProvider,
  options: WebSocketTransportOptions,
  connectOptions: TransportConnectOptions,
): Promise<TransportConnection> {
  const { openSocket } = socketModule.loaded ?? (await withSignal(socketModule.load(), connectOptions.signal));
  return openSocket(provider, options, connectOptions);
}

/** What an application gives in place of a transport is where one of WebSocket leads. */
export function transportTo(server: UrlProvider | Transport): Transport {
  return typeof server === "object" && server !== null && "connect" in server ? server : webSocket(server);
}
