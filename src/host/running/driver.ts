import { type AnyAudioStreamError, AudioStreamError, isAudioStreamError } from "../../errors.js";
import { withSignal } from "../../internal/abort.js";
import { attempt } from "../../internal/attempt.js";
import type { Clock } from "../../internal/clock.js";
import { inTurn } from "../../internal/in-turn.js";
import type { Registration, Scope } from "../../internal/scope.js";
import { sentenceOf } from "../../internal/text-of.js";
import type { Bytes } from "../../protocol/bytes.js";
import { CloseCode, fitCloseReason } from "../../protocol/close-codes.js";
import { MAX_TOKEN_LENGTH } from "../../protocol/limits.js";
import type { Session } from "../../session/session.js";
import type {
  ConnectionId,
  ConnectionLoss,
  SessionEvent,
  SessionInput,
  SessionOutput,
} from "../../session/session-io.js";
import type { ConnectContext, Transport, TransportCloseInfo, TransportConnection } from "../../transport/transport.js";

export interface SessionDriverOptions {
  readonly session: Session;
  readonly transport: Transport;
  readonly clock: Clock;
  /** Owns the connection and the timer; its disposal aborts the session. */
  readonly scope: Scope;
  /** Asked before each connection. */
  readonly getToken: ((context: ConnectContext) => string | Promise<string>) | undefined;
  onEvent(event: SessionEvent): void;
}

interface Link {
  readonly id: ConnectionId;
  readonly scope: Scope;
  /** What came before the session knew of the connection: a server may speak in the same packet as its handshake. */
  readonly early: (string | Bytes)[];
  connection: TransportConnection | undefined;
}

/** Gives a session its sockets and its time. It decides nothing. */
export class SessionDriver {
  readonly #options: SessionDriverOptions;
  #link: Link | undefined;
  #timer: Registration | undefined;
  #timerAt = 0;
  readonly #queue: SessionInput[] = [];
  #busy = false;

  constructor(options: SessionDriverOptions) {
    this.#options = options;
    options.scope.defer("session", () => this.dispatch({ type: "abort" }));
  }

  /** Hands an input to the session and does what it wants. Inputs that come up meanwhile wait their turn. */
  dispatch(input: SessionInput): void {
    this.#queue.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      this.#drain();
    } catch (cause) {
      this.#giveUp(cause);
    } finally {
      this.#busy = false;
    }
    this.#schedule();
  }

  #drain(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { session, clock } = this.#options;
      const outputs = session.handle(next, clock.now(), this.#bufferedBytes());
      this.#performAll(outputs);
    }
  }

  /** What one output leads to must not cost the others, of which one may be the only word about a loss. */
  #performAll(outputs: readonly SessionOutput[]): void {
    inTurn(outputs, (output) => this.#perform(output));
  }

  /** A callback of the application, or this code, has thrown: nothing is known to be right any more. */
  #giveUp(cause: unknown): void {
    const { session, clock, onEvent } = this.#options;
    this.#queue.length = 0;
    try {
      this.#performAll(session.handle({ type: "abort" }, clock.now()));
    } catch {
      // The first cause is the one to report.
    }
    this.#disconnect(CloseCode.normal, "failed");
    const message = `The stream had to stop because of an unexpected error: ${sentenceOf(cause)} Start a new one; if this repeats, report it.`;
    onEvent({ type: "failed", error: new AudioStreamError("internal-error", message, { details: undefined, cause }) });
    // A listener may have reported further losses meanwhile.
    this.#drain();
  }

  #perform(output: SessionOutput): void {
    switch (output.type) {
      case "connect":
        this.#connect(output.connection, output.attempt);
        return;
      case "send":
        if (this.#link?.id === output.connection) this.#send(this.#link, output.data);
        return;
      case "disconnect":
        if (this.#link?.id === output.connection) this.#disconnect(output.code, output.reason);
        return;
      case "event":
        this.#options.onEvent(output.event);
    }
  }

  /** A transport that cannot send, now or a moment later, has lost its connection, and not more than that. */
  #send(link: Link, data: string | Bytes): void {
    const { connection } = link;
    if (connection === undefined) return;
    try {
      // The type allows a function that returns a promise.
      const sent: unknown = connection.send(data);
      if (sent === undefined) return;
      Promise.resolve(sent).catch((cause: unknown) => this.#lose(link, toBroken(cause)));
    } catch (cause) {
      this.#lose(link, toBroken(cause));
    }
  }

  /** A transport that cannot say how much it holds is taken for one that holds nothing. */
  #bufferedBytes(): number {
    try {
      const bytes = this.#link?.connection?.bufferedBytes ?? 0;
      return Number.isFinite(bytes) ? Math.max(0, bytes) : 0;
    } catch {
      return 0;
    }
  }

  #lose(link: Link, loss: ConnectionLoss): void {
    if (this.#link !== link) return;
    this.#link = undefined;
    if (link.connection !== undefined && loss.kind === "failed") {
      close(link, link.connection, CloseCode.normal, "failed");
    }
    void link.scope.dispose();
    this.dispatch({ type: "lost", connection: link.id, loss });
  }

  #connect(id: ConnectionId, count: number): void {
    void this.#link?.scope.dispose();
    const link: Link = { id, scope: this.#options.scope.child(`connection ${id}`), early: [], connection: undefined };
    this.#link = link;
    void this.#establish(link, count).catch((cause: unknown) =>
      this.#lose(link, { kind: "failed", error: toConnectError(cause) }),
    );
  }

  async #establish(link: Link, count: number): Promise<void> {
    const { transport, getToken } = this.#options;
    const { signal } = link.scope;
    const context = { attempt: count, signal };
    const token = getToken === undefined ? undefined : await withSignal(askForToken(getToken, context), signal);
    const pending = attempt(() =>
      transport.connect({
        ...context,
        scope: link.scope,
        streamScope: this.#options.scope,
        onMessage: (data) => {
          if (this.#link !== link) return;
          // Anything else is taken for a binary message, which the session knows to be wrong.
          const message = typeof data === "string" || data instanceof Uint8Array ? data : new Uint8Array(0);
          if (link.connection === undefined) link.early.push(message);
          else this.dispatch({ type: "message", connection: link.id, data: message });
        },
      }),
    );
    // A custom transport may ignore the signal; what it opens too late is closed.
    pending.then(
      (late) => signal.aborted && close(link, late, CloseCode.normal, "aborted"),
      () => {},
    );
    const connection = await withSignal(pending, signal);
    if (this.#link !== link) {
      close(link, connection, CloseCode.normal, "aborted");
      return;
    }
    link.connection = connection;
    const closed = checkConnection(connection);
    closed
      .then(toLoss)
      .catch(toBroken)
      .then((loss) => this.#lose(link, loss));
    this.dispatch({ type: "open", connection: link.id, token });
    for (const data of link.early.splice(0)) this.dispatch({ type: "message", connection: link.id, data });
  }

  #disconnect(code: number, reason: string): void {
    const link = this.#link;
    if (link === undefined) return;
    this.#link = undefined;
    const { connection } = link;
    link.connection = undefined;
    if (connection !== undefined) close(link, connection, code, reason);
    void link.scope.dispose();
  }

  #schedule(): void {
    const { wakeAt } = this.#options.session;
    // One that comes too early is set again when it comes: acknowledgements put the time off many times a second.
    if (wakeAt !== undefined && this.#timer !== undefined && this.#timerAt <= wakeAt) return;
    this.#timer?.dispose();
    this.#timer = undefined;
    if (wakeAt === undefined) return;
    this.#timerAt = wakeAt;
    const delayMs = Math.max(0, wakeAt - this.#options.clock.now());
    this.#timer = this.#options.scope.timeout(
      delayMs,
      () => {
        this.#timer = undefined;
        if (this.#options.session.wakeAt === this.#timerAt) this.dispatch({ type: "time" });
        else this.#schedule();
      },
      "session wake-up",
    );
  }
}

/** A close that does not say how, or says what no close frame can hold, is one that the network made. */
function toLoss({ code, reason }: TransportCloseInfo): ConnectionLoss {
  return {
    kind: "closed",
    code: Number.isInteger(code) && code >= 1000 && code <= 4999 ? code : 1006,
    reason: typeof reason === "string" ? fitCloseReason(reason) : "",
  };
}

/** @returns when the connection is gone. @throws TypeError if this is no connection. */
function checkConnection(connection: TransportConnection): Promise<TransportCloseInfo> {
  const { send, close, closed }: Partial<TransportConnection> = connection ?? {};
  if (typeof send === "function" && typeof close === "function" && typeof closed?.then === "function") {
    return Promise.resolve(closed);
  }
  throw new TypeError(
    "connect() of the transport must resolve with a connection, which has send(), close() and a promise in closed.",
  );
}

/** A close that fails is reported like any resource that does not end well, and stops nothing. */
function close(link: Link, connection: TransportConnection, code: number, reason: string): void {
  // A transport that resolves with something else has nothing to close, or something that can be.
  link.scope.defer("connection", () => connection?.close?.(code, reason)).dispose();
}

async function askForToken(
  getToken: (context: ConnectContext) => string | Promise<string>,
  context: ConnectContext,
): Promise<string> {
  let token: unknown;
  try {
    token = await getToken(context);
  } catch (cause) {
    throw new AudioStreamError("connect-failed", "getToken failed. The connection is tried again; see the cause.", {
      details: undefined,
      cause,
    });
  }
  if (typeof token !== "string") throw new TypeError(`getToken must return a string, and returned ${typeof token}.`);
  if (token.length > MAX_TOKEN_LENGTH) {
    throw new RangeError(
      `getToken must return at most ${MAX_TOKEN_LENGTH} characters, and returned ${token.length}. Use a shorter token.`,
    );
  }
  return token;
}

function toConnectError(cause: unknown): AnyAudioStreamError {
  if (isAudioStreamError(cause)) return cause;
  return new AudioStreamError("connect-failed", `The connection could not be made: ${sentenceOf(cause)}`, {
    details: undefined,
    cause,
  }) as AnyAudioStreamError;
}

/** The transport has failed on a connection that it had made. */
function toBroken(cause: unknown): ConnectionLoss {
  if (isAudioStreamError(cause)) return { kind: "failed", error: cause };
  const message = `The connection was lost, because its transport failed: ${sentenceOf(cause)} Audio is kept and sent again once the server can be reached.`;
  const details = { closeCode: 1006, closeReason: "" };
  const error = new AudioStreamError("connection-lost", message, { details, cause }) as AnyAudioStreamError;
  return { kind: "failed", error };
}
