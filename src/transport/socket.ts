import { AudioStreamError } from "../errors.js";
import { deferred } from "../internal/deferred.js";
import { Scope } from "../internal/scope.js";
import { fitCloseReason } from "../protocol/close-codes.js";
import { SUBPROTOCOL } from "../protocol/messages.js";
import { connectFailed } from "./connect-errors.js";
import type { TransportCloseInfo, TransportConnection, TransportConnectOptions, UrlProvider } from "./transport.js";
import { checkAddress, toWebSocketUrl } from "./web-address.js";
import type { WebSocketTransportOptions } from "./websocket.js";

/** Opens a connection over WebSocket. @throws AudioStreamError, or the reason of the signal. */
export async function openSocket(
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
  let isOpen = false;
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
    isOpen = true;
    if (isEchoed) opened.resolve();
    else opened.reject(notEchoed(url, protocol, offered));
  });
  listeners.listen(socket, "message", ({ data }: MessageEvent<string | ArrayBuffer>) =>
    onMessage(typeof data === "string" ? data : new Uint8Array(data)),
  );
  listeners.listen(socket, "close", ({ code, reason, wasClean }: CloseEvent) => {
    held.release();
    if (isOpen) detach({ code, reason, clean: wasClean });
    // Whoever gives up meanwhile is heard.
    else void connectFailed(url, said).then(opened.reject, opened.reject);
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
