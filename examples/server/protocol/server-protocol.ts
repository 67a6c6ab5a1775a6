import { type AudioOffer, CloseCode, type PlaybackSender, ShapeError } from "loquilex/protocol";
import { Alarms } from "./alarms.js";
import { failure, refuse, TOO_EARLY, TOO_LATE, unauthorized } from "./answers.js";
import type { FrameDecoder } from "./audio-inlet.js";
import type { Claim } from "./claim.js";
import { findEntrance } from "./entrance.js";
import { MAX_EARLY_MESSAGES, type Newcomer, OPENING_TIMEOUT_MS } from "./newcomer.js";
import { type HeldSession, type Refusal, readOpening, refuseUnread } from "./opening-judge.js";
import type { Message, Opening, PeerId, ProtocolInput, ProtocolOutput, SessionKey, Turn } from "./protocol-io.js";
import { ProtocolSession } from "./protocol-session.js";
import { ResumeSecrets } from "./resume-secrets.js";
import type { ServerTerms } from "./server-terms.js";
import { type SessionLimits, SessionRegistry } from "./session-registry.js";

export interface ServerProtocolOptions extends SessionLimits {
  readonly terms: ServerTerms;
  /** Why this server cannot take such audio, or `undefined` if it can. */
  readonly refuseFormat: (offer: AudioOffer) => string | undefined;
  /** Decodes what is not kept as it comes; `undefined` for what is. Its readiness is told as `decoder-ready`. */
  readonly openDecoder?: ((key: SessionKey, offer: AudioOffer) => FrameDecoder | undefined) | undefined;
  /** Makes what a session says; `undefined` for one that says nothing. What it says later is told as `speak`. */
  readonly openVoice?: ((offer: AudioOffer) => PlaybackSender | undefined) | undefined;
  readonly createSecret: () => string;
  readonly equalSecrets: (a: string, b: string) => boolean;
  /** A number no earlier lineage has had. */
  readonly createEpoch: () => number;
}

/** How often at least time is looked at while there is anybody to wait for. */
const TICK_MS = 500;
/** Nothing for so much longer says that this process did not run, as in a machine that was paused. */
const LATE_MS = 1_000;

type Authorization = Extract<ProtocolInput, { type: "authorized" }>;
type Peer = Newcomer | { readonly phase: "attached"; readonly session: ProtocolSession };

/** The server's end of the protocol as a pure state machine: all connections and all sessions. It touches no socket and no timer. */
export class ServerProtocol {
  readonly #options: ServerProtocolOptions;
  readonly #peers = new Map<PeerId, Peer>();
  readonly #sessions: SessionRegistry;
  readonly #alarms = new Alarms<ProtocolSession | PeerId>();
  readonly #turn: Turn = { now: 0, outputs: [] };
  #goingAway: Refusal | undefined;

  constructor(options: ServerProtocolOptions) {
    this.#options = options;
    this.#sessions = new SessionRegistry(options);
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** What decides about an opening with this name, if there is a session of it. */
  held(sessionId: string): HeldSession | undefined {
    return this.#sessions.get(sessionId)?.held;
  }

  /** When to call again with `{ type: "time" }`; not later, and it does no harm to call earlier. */
  get wakeAt(): number | undefined {
    return this.#isWaiting ? Math.min(this.#alarms.next, this.#turn.now + TICK_MS) : undefined;
  }

  get #isWaiting(): boolean {
    return this.#sessions.size > 0 || this.#peers.size > 0;
  }

  /** By how much the last look at the time is longer ago than it ought to be. */
  #sleptMs(now: number): number {
    return this.#isWaiting ? now - this.#turn.now - TICK_MS : 0;
  }

  handle(input: ProtocolInput, now: number): ProtocolOutput[] {
    const turn = this.#turn;
    const sleptMs = this.#sleptMs(now);
    turn.now = now;
    turn.outputs = [];
    if (sleptMs > LATE_MS) this.#wake(sleptMs);
    try {
      this.#take(input);
    } catch (error) {
      if (!("peer" in input)) throw error;
      turn.outputs.push({ type: "fault", sessionId: undefined, error });
      this.#refuse(input.peer, failure("The server failed to answer this."));
    }
    return turn.outputs;
  }

  /** The session that may take what a connection brings by itself; `undefined` if {@link handle} has to be asked. */
  expecting(peer: PeerId, now: number): ProtocolSession | undefined {
    const state = this.#peers.get(peer);
    if (state?.phase !== "attached" || this.#sleptMs(now) > LATE_MS) return undefined;
    this.#turn.now = now;
    return state.session;
  }

  #take(input: ProtocolInput): void {
    switch (input.type) {
      case "data":
        this.#receive(input.peer, input.data);
        return;
      case "connected":
        this.#connected(input.peer);
        return;
      case "closed":
        this.#closed(input.peer, input.code);
        return;
      case "authorized":
        this.#authorized(input);
        return;
      case "go-away":
        this.#goAway(input.reason, input.retryAfterMs, input.mayStay);
        return;
      case "time":
        this.#checkDeadlines();
        return;
      default: {
        const session = this.#sessions.get(input.key.sessionId);
        // One that another node had meanwhile goes on here by the same name and epoch.
        if (session?.key === input.key) this.#during(session, () => session.take(input));
      }
    }
  }

  /** Nobody could act while this process slept, so all that wait for somebody wait anew. */
  #wake(sleptMs: number): void {
    for (const peer of this.#peers.values()) {
      if (peer.phase !== "attached") peer.deadline = this.#turn.now + OPENING_TIMEOUT_MS;
    }
    for (const session of this.#sessions.values()) this.#during(session, () => session.wake(sleptMs));
  }

  #connected(peer: PeerId): void {
    this.#admit(peer, { phase: "new", deadline: this.#turn.now + OPENING_TIMEOUT_MS, early: [] });
    if (this.#goingAway !== undefined) this.#refuse(peer, this.#goingAway);
  }

  #admit(peer: PeerId, newcomer: Newcomer): void {
    this.#peers.set(peer, newcomer);
    this.#alarms.set(peer, newcomer.deadline);
  }

  #receive(peer: PeerId, data: Message): void {
    const state = this.#peers.get(peer);
    if (state === undefined) return;
    if (state.phase === "attached") this.#receiveFor(state.session, data);
    else if (state.phase === "new") this.#open(peer, data, state.deadline);
    else if (state.early.length < MAX_EARLY_MESSAGES) state.early.push(data);
    else this.#refuse(peer, TOO_EARLY);
  }

  #receiveFor(session: ProtocolSession, data: Message): void {
    const frame = typeof data === "string" ? undefined : session.takeExpected(data);
    if (frame === undefined) this.#during(session, () => session.receive(data));
    else this.#turn.outputs.push({ type: "audio", key: session.key, frame });
  }

  #open(peer: PeerId, data: Message, deadline: number): void {
    try {
      const opening = readOpening(data);
      const detail = this.#options.refuseFormat(opening.data.audio);
      if (detail !== undefined) {
        this.#refuse(peer, { code: CloseCode.unsupported, error: "unsupported_format", detail });
        return;
      }
      this.#admit(peer, { phase: "authorizing", deadline, opening, early: [] });
      this.#turn.outputs.push({ type: "authorize", peer, opening });
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      this.#refuse(peer, refuseUnread(error));
    }
  }

  #authorized({ peer, granted, subject, detail, claim }: Authorization): void {
    const state = this.#peers.get(peer);
    if (state?.phase !== "authorizing" || state.opening === undefined) return;
    if (granted) this.#enter(peer, state.opening, claim, subject);
    else this.#refuse(peer, unauthorized(detail));
    for (const data of state.early) this.#receive(peer, data);
  }

  /** Leads a client to the session that it names. */
  #enter(peer: PeerId, opening: Opening, claim: Claim | undefined, subject: string | undefined): void {
    const { session_id, client_id } = opening.data;
    const known = this.#sessions.get(session_id);
    // One whose time is over may not have been told so yet, and must not keep another client out.
    if (known !== undefined && known.held.clientId !== client_id) this.#during(known, () => known.checkDeadlines());
    const existing = this.#sessions.get(session_id);
    const entrance = findEntrance(opening, existing?.held, claim);
    if (entrance.type === "refused") {
      this.#refuse(peer, entrance.refusal, session_id);
      return;
    }
    const entry = { knows: entrance.knows, secret: claim?.secret };
    if (entrance.type === "here" && existing !== undefined) {
      this.#attach(peer, existing, opening, entry);
      return;
    }
    if (existing !== undefined && entrance.type === "begin") {
      this.#during(existing, () => existing.supersede(entrance.supersedes));
    }
    const refusal = this.#sessions.makeRoom(subject, (other) =>
      this.#during(other, () => other.supersede("another client")),
    );
    if (refusal !== undefined) this.#refuse(peer, refusal);
    else this.#attach(peer, this.#begin(peer, opening, claim, subject), opening, entry);
  }

  #attach(
    peer: PeerId,
    session: ProtocolSession,
    opening: Opening,
    { knows, secret }: { knows: boolean; secret: string | undefined },
  ): void {
    this.#peers.set(peer, { phase: "attached", session });
    this.#alarms.delete(peer);
    this.#during(session, () => session.attach(peer, opening, knows, secret));
  }

  #begin(peer: PeerId, opening: Opening, claim: Claim | undefined, subject: string | undefined): ProtocolSession {
    const { openDecoder, openVoice, terms, createSecret, equalSecrets, createEpoch } = this.#options;
    const taken = claim?.taken;
    const offer = taken?.offer ?? opening.data.audio;
    const key: SessionKey = { sessionId: opening.data.session_id, epoch: taken?.epoch ?? createEpoch() };
    const session = new ProtocolSession({
      ...{ key, clientId: opening.data.client_id, subject, offer, terms, turn: this.#turn, taken },
      ...{ decoder: openDecoder?.(key, offer), voice: openVoice?.(offer) },
      secrets: new ResumeSecrets(createSecret, equalSecrets, taken?.secrets),
    });
    this.#sessions.add(session);
    this.#turn.outputs.push({ type: "open", key, peer, subject, offer, opening, claim });
    return session;
  }

  #closed(peer: PeerId, code: number): void {
    const state = this.#peers.get(peer);
    this.#forget(peer);
    if (state?.phase === "attached") this.#during(state.session, () => state.session.detach(code));
  }

  #goAway(reason: string, retryAfterMs: number, stay = false): void {
    this.#goingAway = { code: CloseCode.serviceRestart, error: "going_away", detail: reason, retryAfterMs };
    for (const one of stay ? [] : this.#sessions.values()) this.#during(one, () => one.sendAway(reason, retryAfterMs));
    for (const [peer, { phase }] of this.#peers) if (phase !== "attached") this.#refuse(peer, this.#goingAway);
  }

  #checkDeadlines(): void {
    for (const who of this.#alarms.take(this.#turn.now)) {
      if (typeof who !== "number") this.#during(who, () => who.checkDeadlines());
      else this.#checkNewcomer(who);
    }
  }

  #checkNewcomer(peer: PeerId): void {
    const state = this.#peers.get(peer);
    if (state === undefined || state.phase === "attached") return;
    if (this.#turn.now >= state.deadline) this.#refuse(peer, TOO_LATE);
    else this.#alarms.set(peer, state.deadline);
  }

  /** Lets something happen in a session, and what follows from it. What goes wrong in it ends it, and nobody else's. */
  #during(session: ProtocolSession, happen: () => void): void {
    const { outputs } = this.#turn;
    const before = outputs.length;
    try {
      happen();
      session.settle();
    } catch (error) {
      outputs.length = before;
      outputs.push({ type: "fault", sessionId: session.key.sessionId, error });
      this.#break(session);
    }
    this.#alarms.set(session, session.wakeAt);
    for (let index = before; index < outputs.length; index += 1) {
      const output = outputs[index];
      if (output?.type === "close") this.#forget(output.peer);
      if (output?.type !== "finished") continue;
      this.#sessions.delete(session);
      this.#alarms.delete(session);
    }
  }

  #break(session: ProtocolSession): void {
    for (const [peer, state] of this.#peers)
      if (state.phase === "attached" && state.session === session)
        this.#refuse(peer, failure("The server failed in this session."));
    this.#turn.outputs.push({ type: "finished", key: session.key, reason: "failed" });
  }

  #refuse(peer: PeerId, refusal: Refusal, sessionId?: string): void {
    this.#forget(peer);
    this.#turn.outputs.push(...refuse(peer, refusal, sessionId));
  }

  #forget(peer: PeerId): void {
    this.#peers.delete(peer);
    this.#alarms.delete(peer);
  }
}
