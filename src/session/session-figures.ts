import type { AudioSender } from "./audio/audio-sender.js";
import type { LossReporter } from "./audio/loss-reporter.js";
import type { Connector } from "./connection/connector.js";
import type { Inbound } from "./inbound.js";
import type { Inbox } from "./messages/inbox.js";
import type { Outputs } from "./outputs.js";
import type { SessionCheckpoint, SessionStats } from "./session-io.js";

/** The parts of a session that count. */
export interface CountingParts {
  readonly outputs: Outputs;
  readonly sender: AudioSender;
  readonly losses: LossReporter;
  readonly inbox: Inbox;
  readonly inbound: Inbound;
  readonly connector: Connector;
}

/** The figures of a session that has done nothing. */
export const NO_STATS: SessionStats = Object.freeze({
  framesCaptured: 0,
  samplesCaptured: 0,
  samplesWithheld: 0,
  capturedPosition: 0,
  sentPosition: 0,
  acknowledgedPosition: 0,
  settledPosition: 0,
  framesSent: 0,
  framesRetransmitted: 0,
  samplesDropped: 0,
  bytesSent: 0,
  bytesReceived: 0,
  bufferedFrames: 0,
  bufferedSamples: 0,
  bufferedBytes: 0,
  roundTripTimeMs: undefined,
  reconnectCount: 0,
  captureGapCount: 0,
});

/**
 * Absences that a checkpoint has room for, which each event takes along. With a gate there is one more after each pause between
 * words.
 */
const MAX_ABSENCES = 100;

/** What a session has done so far. */
export class SessionFigures {
  readonly #parts: CountingParts;
  readonly #before: SessionStats;

  /** @param before counted by the session that this one goes on for. */
  constructor(parts: CountingParts, before = NO_STATS) {
    this.#parts = parts;
    this.#before = before;
  }

  get stats(): SessionStats {
    const { sender, losses, outputs, inbound } = this.#parts;
    const { stats, buffer, everSentTo } = sender;
    const before = this.#before;
    return {
      framesCaptured: before.framesCaptured + stats.framesCaptured,
      samplesCaptured: before.samplesCaptured + stats.samplesCaptured,
      samplesWithheld: before.samplesWithheld + stats.samplesWithheld,
      // The sender may not know yet how far another one came before it.
      capturedPosition: Math.max(before.capturedPosition, sender.capturedTo),
      sentPosition: Math.max(before.sentPosition, everSentTo),
      acknowledgedPosition: Math.max(before.acknowledgedPosition, sender.everAcknowledged),
      settledPosition: Math.max(before.settledPosition, sender.settledTo),
      framesSent: before.framesSent + stats.framesSent,
      framesRetransmitted: before.framesRetransmitted + stats.framesRetransmitted,
      samplesDropped: before.samplesDropped + losses.samplesDropped,
      bytesSent: before.bytesSent + outputs.bytesSent,
      bytesReceived: before.bytesReceived + inbound.bytesReceived,
      bufferedFrames: buffer.framesUnacknowledged,
      bufferedSamples: buffer.samplesUnacknowledged,
      bufferedBytes: buffer.bytes,
      roundTripTimeMs: inbound.roundTripTimeMs,
      reconnectCount: before.reconnectCount + inbound.reconnectCount,
      captureGapCount: before.captureGapCount + stats.captureGaps,
    };
  }

  /** What another session needs to go on from here. */
  get checkpoint(): SessionCheckpoint {
    const { connector, inbox, inbound, losses, sender } = this.#parts;
    const { epoch, lastSeq, ahead } = inbox.ledger;
    return {
      answered: connector.everAnswered,
      connections: connector.connections,
      resumeToken: inbound.resumeToken,
      epoch,
      lastSeq,
      ahead,
      losses: losses.pending,
      absent: sender.absent.slice(-MAX_ABSENCES),
      stats: this.stats,
    };
  }
}
