import type { AudioStreamError } from "../errors.js";
import { CloseCode } from "../protocol/close-codes.js";
import {
  isApplicationMessage,
  parseServerMessage,
  type ServerData,
  type ServerMessage,
  UnsupportedVersionError,
} from "../protocol/messages.js";
import { ShapeError } from "../protocol/shape.js";
import type { AudioSender } from "./audio/audio-sender.js";
import { ImpossiblePositionError } from "./audio/impossible-position-error.js";
import type { LossReporter } from "./audio/loss-reporter.js";
import type { Lineage } from "./audio/send-terms.js";
import type { Connection } from "./connection/connection.js";
import type { Connector } from "./connection/connector.js";
import type { Welcome } from "./connection/link.js";
import type { Inbox } from "./messages/inbox.js";
import { type Outputs, wireBytes } from "./outputs.js";
import * as errors from "./session-errors.js";
import type { ConnectionId, Reconnection } from "./session-io.js";
import type { SessionOptions } from "./session-options.js";
import type { SessionTime } from "./session-time.js";

/** The parts of a session that what the server says changes. */
export interface InboundParts {
  readonly options: SessionOptions;
  readonly time: SessionTime;
  readonly outputs: Outputs;
  readonly connector: Connector;
  readonly sender: AudioSender;
  readonly losses: LossReporter;
  readonly inbox: Inbox;
  /** The server has said goodbye. */
  onEnd(reason: string): void;
  /** The server has asked for audio again, and knows nothing of an end after it. */
  onResync(): void;
  onFailed(error: AudioStreamError, closeCode: number): void;
}

/** Takes in what the server says, and does what follows from it. */
export class Inbound {
  readonly #parts: InboundParts;
  #bytesReceived = 0;
  #roundTripTimeMs: number | undefined;
  #reconnects = 0;
  #resumeToken: string | undefined;
  /** The server of the last answer takes no audio. */
  #audioRefused = false;

  constructor(parts: InboundParts) {
    this.#parts = parts;
    this.#resumeToken = parts.options.restored?.resumeToken;
  }

  /** Bytes of all messages so far. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** The last one measured with a heartbeat, in milliseconds. */
  get roundTripTimeMs(): number | undefined {
    return this.#roundTripTimeMs;
  }

  /** How often a server has answered again. */
  get reconnectCount(): number {
    return this.#reconnects;
  }

  /** What the next connection proves with that the session is this client's. */
  get resumeToken(): string | undefined {
    return this.#resumeToken;
  }

  receive(id: ConnectionId, data: string | Uint8Array): void {
    const { connector, onFailed, options } = this.#parts;
    const connection = connector.heard(id);
    if (connection === undefined) return;
    this.#bytesReceived += wireBytes(data);
    try {
      if (options.extension?.receive(data, connection.phase === "live")) return;
      if (typeof data !== "string") throw new ShapeError("A server sends no binary frames.");
      this.#dispatch(parseServerMessage(data), connection);
    } catch (error) {
      if (error instanceof UnsupportedVersionError) {
        onFailed(errors.protocolMismatch(error.message), CloseCode.unsupported);
      } else if (error instanceof ShapeError || error instanceof ImpossiblePositionError) {
        connector.violated(error.message);
      } else throw error;
    }
  }

  /** The session has ended. */
  end(): void {
    this.#resumeToken = undefined;
  }

  #dispatch(message: ServerMessage, connection: Connection): void {
    const { connector, inbox, sender, time } = this.#parts;
    if (isApplicationMessage(message)) {
      this.#deliver(message, connection);
      return;
    }
    switch (message.t) {
      case "server.welcome":
        this.#onWelcome(message.data, connection);
        break;
      case "session.new": {
        this.#verify(message.data.audio, "new", connection);
        const voided = inbox.renew(message.data.epoch, message.seq);
        this.#answered(message.data.audio, "new", connection);
        this.#emitMessages(voided);
        return;
      }
      case "session.snapshot":
        this.#onSnapshot(message.data, connection);
        return;
      case "session.ack":
        this.#verify(message.data.audio, "same", connection);
        if (message.data.epoch !== undefined) this.#emitMessages(inbox.learnEpoch(message.data.epoch));
        inbox.ledger.finishResume(message.seq);
        this.#answered(message.data.audio, "same", connection);
        return;
      case "session.end":
        this.#onEnd(message.data);
        break;
      case "audio.ack":
        this.#onAudioAck(message.data.position, connection);
        break;
      case "audio.resync":
        sender.resync(message.data.position);
        this.#parts.onResync();
        break;
      case "server.hb":
        this.#roundTripTimeMs = connection.link?.answered(message.corr, time.awake) ?? this.#roundTripTimeMs;
        break;
      case "server.error":
        connection.complaints.add(message.data, time.awake);
        break;
      case "server.goaway":
        connector.sentAway(message.data);
        break;
      case "server.ack":
      case "system.heartbeat":
      case "system.metrics":
        break;
      default:
        this.#deliver(message, connection);
        return;
    }
    if (message.seq !== undefined) inbox.ledger.note(message.seq);
    this.#reportMissingMessages();
  }

  #onWelcome(welcome: Welcome, connection: Connection): void {
    const { options, connector, onFailed } = this.#parts;
    const mismatch = errors.grantMismatch(options.format, welcome.audio);
    if (mismatch !== undefined) {
      onFailed(mismatch, CloseCode.unsupported);
      return;
    }
    connector.welcomed(welcome);
    this.#resumeToken = welcome.resume_window.token ?? this.#resumeToken;
    if (welcome.audio === undefined && connection.phase === "opening" && !connector.everAnswered) {
      this.#answered(undefined, "new", connection);
    }
  }

  #onSnapshot({ epoch, gap, current_seq }: ServerData["session.snapshot"], { answer }: Connection): void {
    const { inbox, time } = this.#parts;
    this.#emitMessages(inbox.learnEpoch(epoch));
    answer.replays(current_seq, time.awake);
    if (gap !== undefined) inbox.ledger.lose(gap.from_seq, gap.to_seq);
  }

  /** An answer that cannot be true must leave nothing changed: the next connection goes on from what was before it. */
  #verify(audio: { readonly position: number } | undefined, lineage: Lineage, { link }: Connection): void {
    if (link === undefined) throw new ShapeError("The server answered before its server.welcome.");
    if (audio !== undefined && link.welcome.audio !== undefined) this.#parts.sender.verify(audio.position, lineage);
  }

  /** The server has told where it stands: the session is live. */
  #answered(
    audio: { readonly position: number; readonly pace: number } | undefined,
    lineage: Lineage,
    connection: Connection,
  ): void {
    const { connector, inbox, losses, outputs, sender, time } = this.#parts;
    // One that was left is not answered any more.
    if (connector.connection !== connection) return;
    const welcome = connection.link?.welcome;
    if (audio === undefined || welcome?.audio === undefined) {
      if (!this.#audioRefused) outputs.warn(errors.audioRefused());
      this.#audioRefused = true;
    } else {
      this.#audioRefused = false;
      const { window } = welcome.audio;
      const maxMessageBytes = welcome.limits.max_msg_bytes;
      sender.start({ ...audio, window, maxMessageBytes }, lineage, time.awake);
    }
    const isFirst = !connector.everAnswered;
    if (!isFirst && connection.phase === "opening") this.#reconnects += 1;
    const downtimeMs = connector.answered(connection);
    losses.announceAll(time.awake);
    // What an earlier server had acknowledged may be gone from the buffer, wherever this one would like to start.
    const startsAt = Math.max(audio?.position ?? 0, sender.cursorPosition);
    const missingTo = Math.min(sender.everAcknowledged, startsAt);
    const reconnection: Reconnection = {
      resumed: lineage === "same",
      replayedFrames: sender.buffer.framesToSend,
      downtimeMs,
      missingAudio: lineage === "new" && missingTo > 0 ? { from: 0, to: missingTo } : undefined,
      missingMessages: inbox.ledger.takeMissing(),
    };
    outputs.emit({ type: "connected", reconnection: isFirst ? undefined : reconnection });
  }

  #onAudioAck(position: number, { link }: Connection): void {
    const { connector, sender, time } = this.#parts;
    const before = sender.buffer.acknowledged;
    sender.acknowledge(position);
    if (sender.buffer.acknowledged <= before) return;
    link?.acknowledged(position, time.awake);
    connector.progressed();
  }

  #onEnd({ position, reason }: ServerData["session.end"]): void {
    const { sender, onEnd } = this.#parts;
    if (position > sender.buffer.acknowledged) sender.acknowledge(position);
    onEnd(reason);
  }

  #deliver(message: ServerMessage, { answer }: Connection): void {
    const { inbox, time } = this.#parts;
    const isNew = inbox.accept(message);
    this.#reportMissingMessages();
    if (!isNew) return;
    if (message.seq !== undefined) answer.delivered(message.seq, time.awake);
    const judged = inbox.judge(message);
    if (judged !== undefined) this.#emitMessages([judged]);
  }

  #emitMessages(messages: readonly ServerMessage[]): void {
    for (const message of messages) this.#parts.outputs.emit({ type: "message", message });
  }

  /** What is missing from a replay is reported with the reconnection, once the replay is over. */
  #reportMissingMessages(): void {
    const { connector, inbox, outputs } = this.#parts;
    if (connector.live === undefined) return;
    const ranges = inbox.ledger.takeMissing();
    if (ranges.length > 0) outputs.warn(errors.messagesMissing(ranges));
  }
}
