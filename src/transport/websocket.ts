import { AudioStreamError } from "../errors.js";
import { checkObject, isObject } from "../internal/arguments.js";
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
  /** What a relative address is relative to. @defaultValue document.baseURI */
  readonly baseUrl?: string | undefined;
}

/** What a transport over WebSocket was made with, as far as another thread can make one of it. */
export interface WebSocketAddress {
  readonly url: UrlProvider;
  readonly protocols: string | readonly string[];
}

const addresses = new WeakMap<Transport, WebSocketAddress>();

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
  if (options.WebSocket === undefined) addresses.set(transport, { url, protocols: options.protocols ?? SUBPROTOCOL });
  return transport;
}

async function connect(
  provider: UrlProvider,
  options: WebSocketTransportOptions,
  { attempt, signal, scope, onMessage }: TransportConnectOptions,
): Promise<TransportConnection> {
  const given = typeof provider === "function" ? await provider({ attempt, signal }) : provider;
  signal.throwIfAborted();
  checkAddress(given);
  const { protocols = SUBPROTOCOL } = options;
  const { socket, url } = makeSocket(given, options);
  const offered = typeof protocols === "string" ? [protocols] : protocols;
  socket.binaryType = "arraybuffer";
  let said = "";
  // Browsers say nothing here, `ws` in Node why it failed; and it throws, also long after, when nobody takes the error.
  socket.onerror = (event) => {
    said = causeIn(event);
  };

  const opened = deferred<void>();
  const closed = deferred<TransportCloseInfo>();
  const listeners = scope?.child("websocket") ?? new Scope({ name: "websocket" });
  const held = listeners.defer(`socket to ${new URL(url).host}`, () => socket.close(1000, "aborted"));
  const detach = (info: TransportCloseInfo) => {
    void listeners.dispose();
    closed.resolve(info);
  };
  listeners.listen(socket, "open", () => {
    const { protocol } = socket;
    // A browser refuses such a server by itself; other implementations may accept one that leaves the name out.
    const isEchoed = typeof protocol !== "string" || offered.length === 0 || offered.includes(protocol);
    if (isEchoed) opened.resolve();
    else opened.reject(notEchoed(url, protocol, offered));
  });
  listeners.listen(socket, "message", ({ data }: MessageEvent<string | ArrayBuffer>) =>
    onMessage(typeof data === "string" ? data : new Uint8Array(data)),
  );
  listeners.listen(socket, "close", ({ code, reason, wasClean }: CloseEvent) => {
    held.release();
    opened.reject(connectFailed(url, said));
    detach({ code, reason, clean: wasClean });
  });
  listeners.follow(signal, (reason) => {
    opened.reject(reason);
    detach({ code: 1006, reason: "aborted", clean: false });
  });
  try {
    await opened.promise;
  } catch (error) {
    void listeners.dispose();
    throw error;
  }
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

function toWebSocketUrl(
  url: string | URL,
  base = typeof document === "undefined" ? undefined : document.baseURI,
): string {
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

/** @throws TypeError for what is no address at all. */
function checkAddress(url: unknown): asserts url is string | URL {
  // As text, anything else would be taken for a path on the page's own server.
  if (typeof url !== "string" && !isUrl(url)) {
    throw new TypeError(`The server's URL must be a string or a URL, and is ${url === null ? "null" : typeof url}.`);
  }
  if (typeof url === "string" && url.trim() === "")
    throw new TypeError("The server's URL must be a valid URL, and is empty.");
}

/** Also one of another frame. */
function isUrl(value: unknown): value is URL {
  return isObject(value) && "href" in value && typeof value.href === "string";
}

/** Errors by which a platform says that an address or a subprotocol can never work. */
const FINAL_ERRORS: readonly unknown[] = ["SecurityError", "SyntaxError", "TypeError"];

/** @throws AudioStreamError `connect-impossible` when no attempt can succeed with this. */
function makeSocket(
  given: string | URL,
  { protocols = SUBPROTOCOL, WebSocket: Implementation = globalThis.WebSocket, baseUrl }: WebSocketTransportOptions,
): { socket: WebSocket; url: string } {
  try {
    const url = toWebSocketUrl(given, baseUrl);
    return { socket: new Implementation(url, typeof protocols === "string" ? protocols : [...protocols]), url };
  } catch (cause) {
    if (!(cause instanceof Error || cause instanceof DOMException) || !FINAL_ERRORS.includes(cause.name)) throw cause;
    const hint = cause.name === "SecurityError" ? "A page on https can only use wss:. " : "";
    throw new AudioStreamError(
      "connect-impossible",
      `No connection can be made with this address and these subprotocols: ${cause.message} ${hint}Correct them; trying again does not help.`,
      { details: undefined, cause },
    );
  }
}

/** @returns what an implementation says about its failure; a browser says nothing. */
function causeIn(event: Event): string {
  const message = "message" in event && typeof event.message === "string" ? event.message : "";
  const error: unknown = "error" in event ? event.error : undefined;
  // A name with several addresses fails with one error for each of them, and no message of its own.
  const messages = message === "" && error instanceof AggregateError ? error.errors.map(String) : [message];
  const reason = /:SSL routines:[^:]*:([^:]+)/.exec(message)?.[1];
  if (reason === undefined) return messages.join("; ");
  return `TLS failed with "${reason}"; perhaps that port speaks no TLS, and the address should begin with ws:`;
}

function notEchoed(url: string, protocol: string, offered: readonly string[]): AudioStreamError {
  const answered = protocol === "" ? "without a subprotocol" : `with the subprotocol "${protocol}"`;
  return new AudioStreamError(
    "connect-failed",
    `The server ${new URL(url).host} accepted the WebSocket ${answered}, and ${offered.join(" or ")} was offered. It must answer with what was offered, or browsers refuse it. Check the address, and whether a proxy on the way removes the header Sec-WebSocket-Protocol.`,
    { details: undefined },
  );
}

/** @param said what is known of the cause; a browser does not say. */
function connectFailed(url: string, said: string): AudioStreamError {
  const { host } = new URL(url);
  const known =
    said === ""
      ? "The browser does not say why. Perhaps the network is down, the address or port is wrong, no server runs there, its certificate is not accepted, or what answers is no LoquiLex server: a page, a proxy, or one that does not echo the subprotocol."
      : `What is known: ${said}. Check the network, the address, and that a LoquiLex server is running there.`;
  return new AudioStreamError("connect-failed", `The server ${host} could not be reached. ${known}`, {
    details: undefined,
  });
}
