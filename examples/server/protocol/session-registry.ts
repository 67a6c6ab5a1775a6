import {
  type AudioOffer,
  CloseCode,
  encodeServerMessage,
  parseClientMessage,
  ShapeError,
  UnsupportedVersionError,
} from "loquilex/protocol";
import type { FrameDecoder } from "./audio-inlet.js";
import { hasMovedOn } from "./opening-judge.js";
import type { Opening, PeerId, ProtocolInput, ProtocolOutput, ServerTerms } from "./protocol-io.js";
import { ProtocolSession } from "./protocol-session.js";
import type { RegistryInput, RegistryOutput, SessionKey } from "./registry-io.js";

export interface SessionRegistryOptions {
  readonly terms: ServerTerms;
  readonly maxSessions: number;
  /** Why this server cannot take such audio, or `undefined` if it can. */
  readonly refuseFormat: (offer: AudioOffer) => string | undefined;
  /** Decodes what is not kept as it comes; `undefined` for what is. Its readiness is told as `decoder-ready`. */
  readonly openDecoder?: ((key: SessionKey, offer: AudioOffer) => FrameDecoder | undefined) | undefined;
  readonly createSecret: () => string;
  readonly equalSecrets: (a: string, b: string) => boolean;
  /** A number no earlier lineage has had. */
  readonly createEpoch: () => number;
}

/** How long a connection may take to say who it is. */
const OPENING_TIMEOUT_MS = 10_000;
/** How much a client may send while its token is checked. */
const MAX_EARLY_MESSAGES = 64;
const OVERLOADED_RETRY_MS = 5_000;
/** How often at least time is looked at while there is anybody to wait for. */
const TICK_MS = 500;
/** Nothing for so much longer says that this process did not run, as in a machine that was paused. */
const LATE_MS = 1_000;

type Peer =
  | { readonly phase: "new"; readonly deadline: number }
  | {
      readonly phase: "authorizing";
      readonly deadline: number;
      readonly opening: Opening;
      readonly early: (string | Uint8Array<ArrayBuffer>)[];
    }
  | { readonly phase: "attached"; readonly session: LiveSession };

interface LiveSession {
  readonly key: SessionKey;
  readonly manager: ProtocolSession;
}

/** All connections and all sessions of a server, as a pure state machine. */
export class SessionRegistry {
  readonly #options: SessionRegistryOptions;
  readonly #peers = new Map<PeerId, Peer>();
  readonly #sessions = new Map<string, LiveSession>();
  #goingAway: { readonly reason: string; readonly retryAfterMs: number } | undefined;
  #out: RegistryOutput[] = [];
  #now = 0;

  constructor(options: SessionRegistryOptions) {
    this.#options = options;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** When to call again with `{ type: "time" }`. */
  get wakeAt(): number | undefined {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { manager } of this.#sessions.values()) earliest = Math.min(earliest, manager.wakeAt ?? earliest);
    for (const peer of this.#peers.values())
      if (peer.phase !== "attached") earliest = Math.min(earliest, peer.deadline);
    return this.#isWaiting ? Math.min(earliest, this.#now + TICK_MS) : undefined;
  }

  get #isWaiting(): boolean {
    return this.#sessions.size > 0 || this.#peers.size > 0;
  }

  handle(input: RegistryInput, now: number): RegistryOutput[] {
    const slept = this.#isWaiting && now - this.#now > TICK_MS + LATE_MS;
    this.#now = now;
    this.#out = [];
    if (slept) this.#wake();
    try {
      this.#take(input);
    } catch (error) {
      if (!("peer" in input)) throw error;
      this.#out.push({ type: "fault", sessionId: undefined, error });
      this.#refuse(input.peer, CloseCode.internalError, "internal_error", "The server failed to answer this.");
    }
    return this.#out;
  }

  #take(input: RegistryInput): void {
    switch (input.type) {
      case "connected":
        this.#connected(input.peer);
        break;
      case "data":
        this.#receive(input.peer, input.data);
        break;
      case "closed":
        this.#closed(input.peer, input.code);
        break;
      case "authorized":
        this.#authorized(input.peer, input.granted);
        break;
      case "session": {
        const session = this.#sessions.get(input.key.sessionId);
        if (session?.key.epoch === input.key.epoch) this.#feed(session, input.input);
        break;
      }
      case "go-away":
        this.#goingAway = input;
        for (const session of this.#sessions.values()) this.#feed(session, input);
        for (const [peer, state] of this.#peers) if (state.phase !== "attached") this.#turnAway(peer);
        break;
      case "time":
        this.#checkDeadlines();
    }
  }

  /** Nobody could act while this process slept, so all that wait for somebody wait anew. */
  #wake(): void {
    const deadline = this.#now + OPENING_TIMEOUT_MS;
    for (const [peer, state] of this.#peers) {
      if (state.phase !== "attached") this.#peers.set(peer, { ...state, deadline });
    }
    for (const session of this.#sessions.values()) this.#feed(session, { type: "woke" });
  }

  #connected(peer: PeerId): void {
    this.#peers.set(peer, { phase: "new", deadline: this.#now + OPENING_TIMEOUT_MS });
    if (this.#goingAway !== undefined) this.#turnAway(peer);
  }

  #receive(peer: PeerId, data: string | Uint8Array<ArrayBuffer>): void {
    const state = this.#peers.get(peer);
    if (state === undefined) return;
    if (state.phase === "attached") this.#feed(state.session, { type: "data", peer, data });
    else if (state.phase === "new") this.#open(peer, data, state.deadline);
    else if (state.early.length < MAX_EARLY_MESSAGES) state.early.push(data);
    else this.#refuse(peer, CloseCode.protocolViolation, "too_early", "Wait for the answer before sending more.");
  }

  #open(peer: PeerId, data: string | Uint8Array<ArrayBuffer>, deadline: number): void {
    try {
      if (typeof data !== "string") throw new ShapeError("The first message must be client.hello or session.resume.");
      const message = parseClientMessage(data);
      if (message.t !== "client.hello" && message.t !== "session.resume") {
        throw new ShapeError("The first message must be client.hello or session.resume.");
      }
      const refusal = this.#options.refuseFormat(message.data.audio);
      if (refusal !== undefined) {
        this.#refuse(peer, CloseCode.unsupported, "unsupported_format", refusal);
        return;
      }
      const opening: Opening =
        message.t === "client.hello" ? { kind: "hello", data: message.data } : { kind: "resume", data: message.data };
      this.#peers.set(peer, { phase: "authorizing", deadline, opening, early: [] });
      this.#out.push({ type: "authorize", peer, token: message.data.token });
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      const unsupported = error instanceof UnsupportedVersionError;
      this.#refuse(
        peer,
        unsupported ? CloseCode.unsupported : CloseCode.protocolViolation,
        unsupported ? "unsupported_version" : "invalid_message",
        error.message,
      );
    }
  }

  #authorized(peer: PeerId, granted: boolean): void {
    const state = this.#peers.get(peer);
    if (state?.phase !== "authorizing") return;
    if (!granted) {
      this.#refuse(peer, CloseCode.unauthorized, "unauthorized", "The token is missing or wrong.");
      return;
    }
    const session = this.#sessionFor(peer, state.opening);
    if (session === undefined) return;
    this.#peers.set(peer, { phase: "attached", session });
    this.#feed(session, { type: "attach", peer, opening: state.opening });
    for (const data of state.early) this.#receive(peer, data);
  }

  #sessionFor(peer: PeerId, opening: Opening): LiveSession | undefined {
    const { session_id, client_id, audio } = opening.data;
    const known = this.#sessions.get(session_id);
    // One whose time is over may not have been told so yet, and must not keep another client out.
    if (known !== undefined && known.manager.held.clientId !== client_id) this.#feed(known, { type: "time" });
    const existing = this.#sessions.get(session_id);
    if (existing !== undefined) {
      const { held } = existing.manager;
      const isTakenOver = opening.kind === "hello" && opening.data.takeover === true && held.clientId !== client_id;
      if (!isTakenOver && !hasMovedOn(opening, held)) return existing;
      this.#feed(existing, { type: "superseded", by: isTakenOver ? "another client" : "its own client" });
    }
    if (this.#sessions.size >= this.#options.maxSessions) {
      this.#refuse(
        peer,
        CloseCode.overloaded,
        "overloaded",
        "The server has no room for another session.",
        OVERLOADED_RETRY_MS,
      );
      return undefined;
    }
    const key: SessionKey = { sessionId: session_id, epoch: this.#options.createEpoch() };
    const manager = new ProtocolSession({
      sessionId: session_id,
      clientId: client_id,
      epoch: key.epoch,
      offer: audio,
      decoder: this.#options.openDecoder?.(key, audio),
      terms: this.#options.terms,
      createSecret: this.#options.createSecret,
      equalSecrets: this.#options.equalSecrets,
      now: this.#now,
    });
    const session = { key, manager };
    this.#sessions.set(session_id, session);
    this.#out.push({ type: "open", key, offer: audio });
    return session;
  }

  #closed(peer: PeerId, code: number): void {
    const state = this.#peers.get(peer);
    this.#peers.delete(peer);
    if (state?.phase === "attached") this.#feed(state.session, { type: "detached", peer, code });
  }

  /** What goes wrong in a session ends that session, and nobody else's. */
  #feed(session: LiveSession, input: ProtocolInput): void {
    try {
      this.#put(session, session.manager.handle(input, this.#now));
    } catch (error) {
      this.#out.push({ type: "fault", sessionId: session.key.sessionId, error });
      this.#break(session);
    }
  }

  #break(session: LiveSession): void {
    for (const [peer, state] of this.#peers) {
      if (state.phase !== "attached" || state.session !== session) continue;
      this.#refuse(peer, CloseCode.internalError, "internal_error", "The server failed in this session.");
    }
    this.#put(session, [{ type: "finished", reason: "failed" }]);
  }

  #put(session: LiveSession, outputs: readonly ProtocolOutput[]): void {
    for (const output of outputs) {
      if (output.type === "send") this.#out.push(output);
      else if (output.type === "close") {
        this.#peers.delete(output.peer);
        this.#out.push(output);
      } else {
        if (output.type === "finished") this.#sessions.delete(session.key.sessionId);
        this.#out.push({ type: "session", key: session.key, output });
      }
    }
  }

  #refuse(peer: PeerId, code: CloseCode, error: string, detail: string, retryAfterMs?: number): void {
    this.#peers.delete(peer);
    const data = encodeServerMessage("server.error", { code: error, detail, retry_after_ms: retryAfterMs });
    this.#out.push({ type: "send", peer, data }, { type: "close", peer, code, reason: detail.slice(0, 120) });
  }

  #turnAway(peer: PeerId): void {
    const { reason, retryAfterMs } = this.#goingAway ?? { reason: "", retryAfterMs: 0 };
    this.#refuse(peer, CloseCode.serviceRestart, "going_away", reason, retryAfterMs);
  }

  #checkDeadlines(): void {
    for (const [peer, state] of this.#peers) {
      if (state.phase !== "attached" && this.#now >= state.deadline) {
        this.#refuse(peer, CloseCode.timeout, "timeout", "The connection did not say who it is in time.");
      }
    }
    for (const session of this.#sessions.values()) {
      const { wakeAt } = session.manager;
      if (wakeAt !== undefined && this.#now >= wakeAt) this.#feed(session, { type: "time" });
    }
  }
}
