import type { AudioStreamError } from "../errors.js";
import { isWithheld, type WireAudioFrame } from "../protocol/audio-frame.js";
import { CloseCode } from "../protocol/close-codes.js";
import { encodeClientMessage } from "../protocol/messages.js";
import { AudioSender } from "./audio/audio-sender.js";
import { LossReporter } from "./audio/loss-reporter.js";
import { senderOptions } from "./audio/sender-options.js";
import { Connector } from "./connection/connector.js";
import { MAX_IN_FLIGHT, openingMessage } from "./connection/opening.js";
import { Farewell } from "./farewell.js";
import { Inbound } from "./inbound.js";
import { Inbox } from "./messages/inbox.js";
import { Outputs } from "./outputs.js";
import * as errors from "./session-errors.js";
import { SessionFigures } from "./session-figures.js";
import type { ConnectionId, SessionEvent, SessionInput, SessionOutput, SessionStats } from "./session-io.js";
import type { SessionOptions } from "./session-options.js";
import { earliest, SessionTime, STALL_MS } from "./session-time.js";

/** How often the session looks whether time stands still, while something has a deadline. */
const PULSE_MS = 1_000;

/**
 * The client's end of the protocol as a pure state machine: takes what happens and the time, returns what to do. It
 * touches no socket, no timer and no random source, so it runs the same on the page, in a worker and in a simulation.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #time = new SessionTime();
  readonly #outputs = new Outputs();
  readonly #sender: AudioSender;
  readonly #losses: LossReporter;
  readonly #inbox: Inbox;
  readonly #connector: Connector;
  readonly #inbound: Inbound;
  /** What it has done so far. */
  readonly figures: SessionFigures;
  #farewell: Farewell | undefined;
  #done = false;
  #wakeAt: number | undefined;

  constructor(options: SessionOptions) {
    const outputs = this.#outputs;
    const time = this.#time;
    this.#options = options;
    const sender = new AudioSender(senderOptions(options));
    const { restored, format } = options;
    if (restored !== undefined) sender.restore(restored.stats, restored.absent);
    const losses = new LossReporter(sender, format.sampleRate, (event) => outputs.emit(event), restored?.losses);
    const inbox = new Inbox(options.sessionId, restored);
    const connector = new Connector(options, time, outputs, {
      onLeave: () => this.#onLeave(),
      onFailed: (error) => this.#fail(error),
    });
    const inbound = new Inbound({
      options,
      time,
      outputs,
      connector,
      sender,
      losses,
      inbox,
      onEnd: (reason) => this.#onEnd(reason),
      onResync: () => this.#farewell?.takeBack(),
      onFailed: (error, closeCode) => this.#fail(error, closeCode),
    });
    this.#sender = sender;
    this.#losses = losses;
    this.#inbox = inbox;
    this.#connector = connector;
    this.#inbound = inbound;
    this.figures = new SessionFigures({ outputs, sender, losses, inbox, inbound, connector }, restored?.stats);
  }

  /** When to call again with `{ type: "time" }`, on the clock of `now`. */
  get wakeAt(): number | undefined {
    return this.#wakeAt;
  }

  get done(): boolean {
    return this.#done;
  }

  get stats(): SessionStats {
    return this.figures.stats;
  }

  /**
   * @param now milliseconds on a monotonic clock.
   * @param bufferedBytes what the current connection has accepted but not yet handed to the network.
   */
  handle(input: SessionInput, now: number, bufferedBytes = 0): SessionOutput[] {
    const stalledMs = this.#time.advance(now, this.#wakeAt);
    if (this.#done) this.#takeLate(input);
    else {
      if (stalledMs > 0) this.#excuse(stalledMs);
      const timersStand = this.#wakeAt !== undefined && now - this.#wakeAt > STALL_MS;
      this.#take(input);
      // A browser may hold timers back for a minute while messages and audio go on coming.
      if (timersStand && !this.#done) this.#checkDeadlines();
      if (!this.#done) this.#work(bufferedBytes);
    }
    const wakeAt = this.#nextWake();
    this.#wakeAt = wakeAt === undefined ? undefined : this.#time.toClock(wakeAt);
    // What had been decided before something threw is returned with the next outputs.
    return this.#outputs.take();
  }

  // ---------------------------------------------------------------- what happens

  #take(input: SessionInput): void {
    switch (input.type) {
      case "start":
        this.#connector.start();
        return;
      case "restore":
        this.#sender.inherit(input.position);
        return;
      case "frame":
        this.#capture(input.frame);
        return;
      case "discard":
        this.#sender.discard(input.range);
        return;
      case "open":
        this.#open(input.connection, input.token);
        return;
      case "message":
        this.#inbound.receive(input.connection, input.data);
        return;
      case "lost":
        this.#connector.lost(input.connection, input.loss);
        return;
      case "suspend":
        this.#connector.suspend();
        return;
      case "probe":
        this.#connector.probe(input.urgent);
        return;
      case "say":
        if (this.#connector.live !== undefined) this.#connector.send(input.data);
        return;
      case "time":
        this.#checkDeadlines();
        return;
      case "end":
        this.#farewell ??= new Farewell(input.timeoutMs, this.#time.awake);
        // Before the start, as while it waits for a lock, only a session that has nothing to deliver is over at once.
        if (this.#connector.isIdle && this.#sender.capturedTo === 0) this.#finish({ type: "ended" });
        return;
      case "abort":
        this.#connector.disconnect(CloseCode.normal, "aborted");
        this.#finish(undefined);
    }
  }

  /** Audio that comes after the end reaches nobody any more. */
  #takeLate(input: SessionInput): void {
    if (input.type === "discard") this.#sender.discard(input.range);
    else if (input.type === "frame") this.#refuse(input.frame);
    this.#losses.announceAll(this.#time.awake);
  }

  #capture(frame: WireAudioFrame): void {
    if (this.#farewell !== undefined) this.#refuse(frame);
    else {
      const dropped = this.#sender.push(frame);
      if (dropped > 0 && this.#options.replay.whenFull === "fail") this.#fail(errors.bufferOverflow(dropped));
    }
  }

  /** The frame is lost, unless it is silence that was left out. */
  #refuse(frame: WireAudioFrame): void {
    if (isWithheld(frame)) this.#sender.push(frame);
    else this.#sender.discard({ from: frame.position, to: frame.position + frame.sampleCount });
  }

  #open(id: ConnectionId, token: string | undefined): void {
    if (this.#connector.opened(id) === undefined) return;
    const resume = this.#connector.everAnswered
      ? { ...this.#inbox.ledger.beginResume(), resumeToken: this.#inbound.resumeToken }
      : undefined;
    this.#connector.send(openingMessage(this.#options, id, token, this.#sender.buffer, resume));
  }

  #onLeave(): void {
    this.#sender.stop();
    this.#inbox.ledger.stop();
    this.#options.extension?.left();
  }

  #onEnd(reason: string): void {
    if (this.#farewell === undefined) {
      this.#fail(errors.endedByServer(reason));
      return;
    }
    this.#losses.reportSettled();
    this.#leaveInPeace();
  }

  // ---------------------------------------------------------------- time

  /** Nobody could act for a while: that is nobody's fault, and what has a deadline gets one more chance. */
  #excuse(stalledMs: number): void {
    this.#connector.excuse(stalledMs);
    this.#farewell?.excuse(this.#time.awake);
  }

  #checkDeadlines(): void {
    const farewell = this.#farewell;
    if (farewell !== undefined && this.#time.awake >= farewell.at) {
      this.#fail(errors.closeTimeout(farewell, this.#sender.buffer, this.#connector.lastError));
    } else this.#connector.checkDeadlines(this.#sender.samplesInFlight === 0);
  }

  #nextWake(): number | undefined {
    if (this.#done) return undefined;
    if (this.#connector.isIdle) return this.#farewell?.at;
    const isTiming = this.#connector.isTiming || this.#farewell !== undefined;
    return earliest(
      this.#inbox.ledger.acknowledgementDueAt,
      this.#losses.nextDue,
      this.#farewell?.at,
      this.#connector.nextWake,
      this.#connector.live && this.#sender.nextWake,
      isTiming ? (Math.floor(this.#time.awake / PULSE_MS) + 1) * PULSE_MS : undefined,
    );
  }

  // ---------------------------------------------------------------- what follows

  /** What follows from the new state, whatever the input was. */
  #work(bufferedBytes: number): void {
    this.#losses.reportSettled();
    this.#sendAudio(bufferedBytes);
    this.#acknowledgeDue();
    this.#connector.reportComplaint();
    this.#losses.follow(this.#time.awake);
  }

  #sendAudio(bufferedBytes: number): void {
    const live = this.#connector.live;
    if (live === undefined) return;
    const now = this.#time.awake;
    const frames = this.#sender.pump(now, bufferedBytes);
    for (const frame of frames) this.#connector.send(frame);
    if (frames.length > 0) live.link?.audioSent(this.#sender.cursorPosition, now);
    this.#sayEnd(live.id);
    live.link?.heartbeat.expectAcknowledgement(this.#sender.samplesInFlight > 0, now);
  }

  #sayEnd(connection: ConnectionId): void {
    if (this.#farewell === undefined) return;
    if (!this.#sender.started) {
      // A server that takes no audio has no last audio to confirm.
      this.#leaveInPeace();
      return;
    }
    // Not always where the capture ended: the last audio may be lost, and is never sent.
    const position = this.#sender.drainedAt;
    if (this.#farewell.wasSaidOn(connection) || position === undefined) return;
    this.#farewell.saidOn(connection);
    this.#connector.send(encodeClientMessage("client.end", { position }, { sid: this.#options.sessionId }));
  }

  #acknowledgeDue(): void {
    const link = this.#connector.connection?.link;
    if (link === undefined) return;
    const maxInFlight = Math.min(MAX_IN_FLIGHT, link.welcome.limits.max_in_flight);
    this.#acknowledge(this.#inbox.ledger.takeDueAcknowledgement(maxInFlight, this.#time.awake));
  }

  #acknowledge(seq: number | undefined): void {
    if (seq === undefined) return;
    this.#connector.send(encodeClientMessage("client.ack", { ack_seq: seq }, { sid: this.#options.sessionId }));
  }

  // ---------------------------------------------------------------- end

  #leaveInPeace(): void {
    this.#acknowledge(this.#inbox.ledger.takeAcknowledgement());
    this.#connector.disconnect(CloseCode.normal, "done");
    this.#finish({ type: "ended" });
  }

  #fail(error: AudioStreamError, closeCode: number = CloseCode.normal): void {
    this.#connector.disconnect(closeCode, "failed");
    this.#finish({ type: "failed", error });
  }

  #finish(event: SessionEvent | undefined): void {
    if (this.#done) return;
    this.#connector.end();
    this.#inbound.end();
    this.#sender.giveUp();
    this.#losses.announceAll(this.#time.awake);
    this.#done = true;
    if (event !== undefined) this.#outputs.emit(event);
  }
}
