import { randomBytes } from "node:crypto";
import { ClientConnections } from "./connection/client-connections.js";
import { OverloadWatch } from "./door/overload-watch.js";
import { equalText } from "./equal-text.js";
import { doFor } from "./fault-owner.js";
import { OccasionalLog } from "./logging/occasional-log.js";
import { bytePool } from "./processes/growing-bytes.js";
import type { Refusal } from "./protocol/opening-judge.js";
import type {
  FinishReason,
  Opening,
  PeerId,
  ProtocolInput,
  ProtocolOutput,
  SessionKey,
} from "./protocol/protocol-io.js";
import { ServerProtocol } from "./protocol/server-protocol.js";
import { serverTerms } from "./protocol/server-terms.js";
import { drainRecordings } from "./recording/drain-recordings.js";
import { DiskSpace } from "./recording/folder/disk-space.js";
import { refuseFormat } from "./recording/granted-audio.js";
import { ServerFigures } from "./server-figures.js";
import { SessionDecoders } from "./session-decoders.js";
import type { SessionManagerOptions } from "./session-manager-options.js";
import { SessionWorks } from "./session-works.js";
import { spreadOut } from "./spread-out.js";
import { openVoice } from "./voices/voice.js";
import { WakeUp } from "./wake-up.js";

/** Over how long clients are sent to another server: they keep their audio meanwhile, but not for ever. */
const ELSEWHERE_MS = 5_000;

/** Gives the protocol its sockets, its time, and a recording and a recogniser for each session. */
export class SessionManager {
  /** What has happened so far. */
  readonly figures = new ServerFigures();
  /** What sessions have here. */
  readonly works = new SessionWorks();
  readonly #options: SessionManagerOptions;
  readonly #protocol: ServerProtocol;
  readonly #wakeUp: WakeUp;
  readonly #connections: ClientConnections;
  readonly #decoders: SessionDecoders;
  readonly #refuseAll: () => Refusal | undefined;
  /** Recordings whose session is over and that still let go of what they had. */
  readonly #releasing = new Set<Promise<void>>();
  readonly #queue: ProtocolInput[] = [];
  #busy = false;
  #framesTaken = 0;
  #shutdown: Promise<void> | undefined;

  constructor(options: SessionManagerOptions) {
    this.#options = options;
    const { config, httpServer, logger, scope, faults, clock } = options;
    this.#decoders = new SessionDecoders({ clock, scope, logger, dispatch: (input) => this.#dispatch(input) });
    const space = new DiskSpace({
      ...{ directory: config.outDir, minFreeBytes: config.minFreeBytes, logger, scope },
      onChange: (isLow) => this.#tellOfDisk(isLow),
    });
    const { maxSessions, maxSessionsPerSubject, maxDelayMs } = config;
    const overload = new OverloadWatch({ maxDelayMs, logger, clock, scope });
    this.#refuseAll = () => space.refusal ?? options.disk.trouble.refusal ?? overload.refusal;
    this.#protocol = new ServerProtocol({
      terms: { ...serverTerms(config), systemHeartbeat: () => ({ sessions: this.sessionCount }) },
      ...{ maxSessions, maxSessionsPerSubject, refuseFormat, equalSecrets: equalText },
      refuseAll: () => this.refusal,
      openDecoder: (key, offer) => this.#decoders.open(key, offer),
      openVoice: (offer) => openVoice(options.speech, offer),
      createSecret: () => randomBytes(32).toString("base64url"),
      createEpoch: () => randomBytes(6).readUIntBE(0, 6),
    });
    this.#wakeUp = new WakeUp({
      ...{ clock, scope },
      onTime: () => {
        bytePool.forgetUnused(clock.now());
        this.#dispatch({ type: "time" });
      },
      onFault: (error) => this.#logFault(error, {}),
    });
    this.#connections = new ClientConnections({
      ...{ config, httpServer, scope, faults, clock, logger, occasionalLog: new OccasionalLog(logger, clock) },
      onConnected: (peer) => this.#dispatch({ type: "connected", peer }),
      onExpected: (peer, message) => this.#takeExpected(peer, message),
      onMessage: (peer, data) => this.#receive(peer, data),
      onClosed: (peer, code) => this.#dispatch({ type: "closed", peer, code }),
      onFault: (peer, error) => this.#connectionFault(peer, error),
    });
  }

  /** Sessions that are alive, attached or waiting for their client. */
  get sessionCount(): number {
    return this.#protocol.sessionCount;
  }

  /** Why no new session can begin, if none can. */
  get refusal(): Refusal | undefined {
    return this.#refuseAll();
  }

  /** Clients that are connected. */
  get connectionCount(): number {
    return this.#connections.count;
  }

  /** How often each limit of the door has been reached, and each close code was used. */
  get refused(): Readonly<Record<string, number>> {
    return this.#connections.refused;
  }

  /**
   * Ends everything, each thing before what it depends on: takes no more sessions, sends the clients away one after
   * another, lets the engines say their last words under one deadline, finishes the files, lets go of the engines and their
   * threads, and closes what is left of the connections. Never rejects. Idempotent.
   * @param windowMs how long it may take to send everybody away, so that other nodes do not get all of them at once.
   * @param onFinished called for each session when its files are finished or let go of.
   */
  shutdown(windowMs = 0, onFinished: () => void = () => {}): Promise<void> {
    this.#shutdown ??= this.#shutDown(windowMs, onFinished);
    return this.#shutdown;
  }

  /** Sends the clients that there are away one after another: this server can keep nothing, and another one can. */
  sendElsewhere(): void {
    const { scope } = this.#options;
    const notice = { reason: "The server cannot reach its store; another one can.", retryAfterMs: 0 };
    const send = (key: SessionKey): void => this.#dispatch({ type: "send-away", key, ...notice });
    void spreadOut(Array.from(this.works.keys()), { windowMs: ELSEWHERE_MS, scope }, send);
  }

  async #shutDown(windowMs: number, onFinished: () => void): Promise<void> {
    const { scope, logger, store } = this.#options;
    const notice = { reason: "The server is restarting.", retryAfterMs: 1_000 };
    this.#dispatch({ type: "go-away", ...notice, mayStay: true });
    const closed = this.#connections.ends;
    await spreadOut(Array.from(this.works), { windowMs, scope }, ([key, work]) => {
      this.#dispatch({ type: "send-away", key, ...notice });
      // What another node goes on with has no end here.
      if (store.shared) work.release();
      else work.recording.end().catch(() => {});
    });
    const works = Array.from(this.works.values());
    if (!store.shared) await drainRecordings(works, { scope, logger, onFinished });
    await Promise.all(works.map((work) => work.dispose().then(onFinished)));
    this.works.clear();
    await Promise.all(this.#releasing);
    // A socket that is torn down while its client still sends would lose the reason it was closed for.
    await Promise.all(closed);
    await scope.dispose();
  }

  /** @returns whether the message was audio about which there was nothing to decide. */
  #takeExpected(peer: PeerId, message: Uint8Array<ArrayBuffer>): boolean {
    const session = this.#busy ? undefined : this.#protocol.expecting(peer, this.#options.clock.now());
    const frame = session?.takeExpected(message);
    if (session === undefined || frame === undefined) return false;
    doFor(
      (error) => this.#sessionFault(session.key, error),
      () => this.works.get(session.key)?.append(frame),
    );
    this.#options.disk.writer.look();
    return true;
  }

  /** @returns whether there was audio in it that is new. */
  #receive(peer: PeerId, data: string | Uint8Array<ArrayBuffer>): boolean {
    const before = this.#framesTaken;
    this.#dispatch({ type: "data", peer, data });
    return this.#framesTaken !== before;
  }

  #dispatch(input: ProtocolInput): void {
    this.#queue.push(input);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#perform(this.#protocol.handle(next, this.#options.clock.now()));
      }
    } finally {
      this.#busy = false;
      this.#wakeUp.set(this.#protocol.wakeAt);
    }
  }

  /** Each output on behalf of whom it is for, so that what fails ends that one alone. */
  #perform(outputs: readonly ProtocolOutput[]): void {
    // All that answers one input is one batch: what waited before it counts, not what it adds.
    for (const output of outputs) if (output.type === "send") this.#connections.hasRoom(output.peer);
    for (const output of outputs) {
      if (output.type === "send") this.#send(output);
      else
        doFor(
          (error) => this.#fault(output, error),
          () => this.#performOne(output),
        );
    }
  }

  /** On nobody's behalf, which costs half as much: nothing of it is left to be done later. */
  #send(output: Extract<ProtocolOutput, { type: "send" }>): void {
    try {
      this.figures.note(output);
      this.#connections.send(output.peer, output.data);
    } catch (error) {
      this.#fault(output, error);
    }
  }

  #fault(output: ProtocolOutput, error: unknown): void {
    if ("key" in output) this.#sessionFault(output.key, error);
    else if ("peer" in output) this.#connectionFault(output.peer, error);
  }

  #performOne(output: Exclude<ProtocolOutput, { type: "send" }>): void {
    this.figures.note(output);
    switch (output.type) {
      case "close":
        this.#connections.close(output.peer, output.code, output.reason);
        return;
      case "authorize":
        void this.#authorize(output.peer, output.opening);
        return;
      case "open":
        this.#open(output);
        return;
      case "audio":
        this.#framesTaken += 1;
        this.works.get(output.key)?.append(output.frame);
        return;
      case "end-audio":
        this.#end(output.key);
        return;
      case "finished":
        this.#release(output.key, output.reason);
        return;
      case "fault":
        this.#logFault(output.error, { session: output.sessionId?.slice(0, 8) });
    }
  }

  async #authorize(peer: PeerId, opening: Opening): Promise<void> {
    const { authenticator, store } = this.#options;
    const { token, session_id } = opening.data;
    const checked = await authenticator.check(token);
    const claiming = checked.granted ? store.claim(opening, () => this.#protocol.held(session_id)) : undefined;
    this.#dispatch({ type: "authorized", peer, ...checked, claim: claiming && (await claiming) });
  }

  #connectionFault(peer: PeerId, error: unknown): void {
    this.#logFault(error, { peer });
    this.#connections.fail(peer);
  }

  #sessionFault(key: SessionKey, error: unknown): void {
    this.#logFault(error, { session: key.sessionId.slice(0, 8) });
    this.#dispatch({ type: "fail", key, reason: "The server failed in this session." });
  }

  #logFault(error: unknown, fields: object): void {
    this.#options.logger.error({ ...fields, err: error }, "Something failed in a way that nothing expected.");
  }

  #open(opened: Extract<ProtocolOutput, { type: "open" }>): void {
    const { config, engines } = this.#options;
    const { peer, subject } = opened;
    this.works.open({
      ...{ ...this.#options, opened, figures: this.figures, outDir: config.outDir },
      engine: engines.forOwner(subject ?? this.#connections.addressOf(peer) ?? ""),
      dispatch: (input) => this.#dispatch(input),
    });
  }

  #tellOfDisk(isLow: boolean): void {
    const detail = isLow ? "The server's disk is nearly full." : "The server's disk has room again.";
    for (const work of this.works.values()) work.tell("disk.space", { low: isLow, detail });
  }

  #end(key: SessionKey): void {
    this.works
      .get(key)
      ?.end()
      .then(
        () => this.#dispatch({ type: "drained", key }),
        (error: unknown) => this.#options.logger.error({ error }, "A session did not end well."),
      );
  }

  #release(key: SessionKey, reason: FinishReason): void {
    const work = this.works.get(key);
    this.#decoders.close(key);
    if (work === undefined) return;
    this.works.delete(key);
    this.#options.logger.info({ session: key.sessionId.slice(0, 8), reason }, "A session is over.");
    const release: Promise<void> = work.dispose().finally(() => this.#releasing.delete(release));
    this.#releasing.add(release);
  }
}
