import { isAudioStreamError } from "../errors.js";
import { systemClock } from "../internal/clock.js";
import { deferred } from "../internal/deferred.js";
import { Scope } from "../internal/scope.js";
import { CloseCode } from "../protocol/close-codes.js";
import type {
  Transport,
  TransportCloseInfo,
  TransportConnection,
  TransportConnectOptions,
} from "../transport/transport.js";
import { webSocket } from "../transport/websocket.js";
import type { RemoteObserver } from "./bridge/remote-link.js";
import { StandIn } from "./bridge/stand-in.js";
import type { Client } from "./bridge/stand-in-options.js";
import type { Dialect, RemoteAddress, Verdict } from "./dialect.js";

/** How {@link dialectTransport} makes its connections. */
export interface DialectTransportOptions {
  /** Another implementation of the browser's interface. @defaultValue globalThis.WebSocket */
  readonly WebSocket?: typeof WebSocket | undefined;
  /** What a relative address is relative to. @defaultValue document.baseURI */
  readonly baseUrl?: string | undefined;
}

/** Connects a stream to a speech service by its own protocol. */
export function dialectTransport(dialect: Dialect, options: DialectTransportOptions = {}): Transport {
  const standIns = new WeakMap<Scope, StandIn>();
  return {
    checkFormat(format, withholds) {
      if (withholds === true) throw new TypeError(noSilence(dialect.name));
      const refusal = dialect.refuse(format);
      if (refusal !== undefined) throw new TypeError(refusal);
    },
    async connect({ scope, streamScope, signal, onMessage }: TransportConnectOptions): Promise<TransportConnection> {
      signal.throwIfAborted();
      const owner = streamScope ?? scope ?? new Scope({ name: dialect.name });
      const standIn = standIns.get(owner) ?? standInFor(dialect, owner, options);
      standIns.set(owner, standIn);
      return connectTo(standIn, onMessage);
    },
  };
}

function standInFor(dialect: Dialect, scope: Scope, options: DialectTransportOptions): StandIn {
  return new StandIn({
    dialect,
    clock: systemClock,
    scope,
    connect: (address, observer, legScope) => void connectRemote(address, observer, legScope, dialect.name, options),
  });
}

function connectTo(standIn: StandIn, onMessage: (data: string) => void): TransportConnection {
  const closed = deferred<TransportCloseInfo>();
  let isOpen = true;
  const client: Client = {
    send(json) {
      if (isOpen) onMessage(json);
    },
    close(code, reason) {
      isOpen = false;
      closed.resolve({ code, reason, clean: true });
    },
  };
  standIn.attach(client);
  return {
    closed: closed.promise,
    bufferedBytes: 0,
    send(data) {
      if (isOpen) standIn.receive(data);
    },
    close() {
      isOpen = false;
      standIn.detach(client);
    },
  };
}

async function connectRemote(
  address: RemoteAddress,
  observer: RemoteObserver,
  scope: Scope,
  name: string,
  options: DialectTransportOptions,
): Promise<void> {
  try {
    const socket = webSocket(address.url, { ...options, protocols: address.protocols ?? [] });
    const onMessage = observer.received.bind(observer);
    const connection = await socket.connect({ attempt: 1, signal: scope.signal, scope, onMessage });
    void connection.closed.then(({ code, reason }) => observer.closed(code, reason));
    observer.opened({
      get bufferedBytes() {
        return connection.bufferedBytes;
      },
      send: (message) => connection.send(message),
      close: () => connection.close(CloseCode.normal, ""),
    });
  } catch (cause) {
    if (scope.disposed) return;
    // What it says may have the address in it, and so the token.
    const isImpossible = isAudioStreamError(cause, "connect-impossible") || cause instanceof TypeError;
    observer.failed(isImpossible ? impossible(name) : unreachable(name));
  }
}

const noSilence = (name: string): string =>
  `${name} knows no gaps in the audio, and ends a sentence when it hears silence, so that silence has to be sent. Use voiceGate({ silence: "send" }), which tells when somebody speaks.`;

const impossible = (name: string): Verdict => ({
  kind: "final",
  detail: `No connection to ${name} can be made with this address and these subprotocols. Correct the dialect's url, or what getToken returns; trying again does not help.`,
});

const unreachable = (name: string): Verdict => ({
  kind: "temporary",
  detail: `${name} could not be reached. The browser does not say why: perhaps the network is down, the address is wrong, or the token was refused.`,
});
