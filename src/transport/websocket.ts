import { AudioStreamError } from "../errors.js";
import { deferred } from "../internal/deferred.js";
import { Scope } from "../internal/scope.js";
import { fitCloseReason } from "../protocol/close-codes.js";
import { SUBPROTOCOL } from "../protocol/messages.js";
import type {
  Transport,
  TransportCloseInfo,
  TransportConnection,
  TransportConnectOptions,
  UrlProvider,
} from "./transport.js";

/** How {@link webSocket} makes its sockets. */
export interface WebSocketTransportOptions {
  /** Subprotocols to offer. @defaultValue ["loquilex.v1"] */
  readonly protocols?: string | readonly string[] | undefined;
  /** Another implementation of the browser's interface. @defaultValue globalThis.WebSocket */
  readonly WebSocket?: typeof WebSocket | undefined;
}

/**
 * Connections over WebSocket.
 * @param url `ws:`, `wss:`, `http:` or `https:`, absolute or relative to the page; a function is asked anew at each attempt.
 * @throws TypeError when a fixed URL cannot be one of these.
 */
export function webSocket(url: UrlProvider, options: WebSocketTransportOptions = {}): Transport {
  if (typeof url !== "function") toWebSocketUrl(url);
  return { connect: (connectOptions) => connect(url, options, connectOptions) };
}

async function connect(
  provider: UrlProvider,
  options: WebSocketTransportOptions,
  { attempt, signal, scope, onMessage }: TransportConnectOptions,
): Promise<TransportConnection> {
  const url = toWebSocketUrl(typeof provider === "function" ? await provider({ attempt, signal }) : provider);
  signal.throwIfAborted();
  const Implementation = options.WebSocket ?? globalThis.WebSocket;
  const { protocols = SUBPROTOCOL } = options;
  const socket = new Implementation(url, typeof protocols === "string" ? protocols : [...protocols]);
  socket.binaryType = "arraybuffer";
  // The close event says all that can be known; but `ws` in Node throws, also long after, when nobody takes the error.
  socket.onerror = () => {};

  const opened = deferred<void>();
  const closed = deferred<TransportCloseInfo>();
  const listeners = scope?.child("websocket") ?? new Scope({ name: "websocket" });
  const held = listeners.defer(`socket to ${new URL(url).host}`, () => socket.close(1000, "aborted"));
  const detach = (info: TransportCloseInfo) => {
    void listeners.dispose();
    closed.resolve(info);
  };
  listeners.listen(socket, "open", () => opened.resolve());
  listeners.listen(socket, "message", ({ data }: MessageEvent<string | ArrayBuffer>) =>
    onMessage(typeof data === "string" ? data : new Uint8Array(data)),
  );
  listeners.listen(socket, "close", ({ code, reason, wasClean }: CloseEvent) => {
    held.release();
    opened.reject(connectFailed(url));
    detach({ code, reason, clean: wasClean });
  });
  listeners.follow(signal, (reason) => {
    opened.reject(reason);
    detach({ code: 1006, reason: "aborted", clean: false });
  });
  await opened.promise;
  return {
    closed: closed.promise,
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    send(data) {
      if (socket.readyState === socket.OPEN) socket.send(data);
    },
    close(code, reason) {
      held.release();
      detach({ code, reason, clean: false });
      socket.close(code, fitCloseReason(reason));
    },
  };
}

function toWebSocketUrl(url: string | URL): string {
  const base = typeof document === "undefined" ? undefined : document.baseURI;
  let parsed: URL;
  try {
    parsed = new URL(url, base);
  } catch {
    throw new TypeError(`The server's URL must be a valid URL, and is "${url}".`);
  }
  if (parsed.protocol === "http:") parsed.protocol = "ws:";
  if (parsed.protocol === "https:") parsed.protocol = "wss:";
  if (parsed.protocol !== "ws:" && parsed.protocol !== "wss:") {
    throw new TypeError(`The server's URL must use ws, wss, http or https, and uses "${parsed.protocol}".`);
  }
  parsed.hash = "";
  return parsed.href;
}

const connectFailed = (url: string): AudioStreamError => {
  const { host } = new URL(url);
  return new AudioStreamError(
    "connect-failed",
    `The server ${host} could not be reached. Check the network, the address, and that the server is running.`,
    { details: undefined },
  );
};
