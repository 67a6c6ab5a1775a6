import type { RunningClient } from "../host/running-client.js";

/** Counters only grow and survive reconnects, as in `RTCPeerConnection.getStats()`; durations are milliseconds. */
export interface StreamStats {
  /** When the figures were taken, on the `performance.now()` clock. */
  readonly timestamp: DOMHighResTimeStamp;
  /** Where frames and messages are handled; `undefined` before the source is opened. */
  readonly host: "page" | "worker" | undefined;
  /** Up to the newest sample, what capture left out included. */
  readonly capturedDurationMs: number;
  /** Up to the newest sample put on the wire. */
  readonly sentDurationMs: number;
  /** Up to where the server has said it keeps everything. */
  readonly acknowledgedDurationMs: number;
  /** Frames that capture has delivered. */
  readonly framesCaptured: number;
  /** Samples at the wire's rate, all frames together. */
  readonly samplesCaptured: number;
  /** Not sent because nobody spoke, see the option `gate`. Nothing of it is lost. */
  readonly withheldDurationMs: number;
  /** Every sending counts. */
  readonly framesSent: number;
  /** Those of `framesSent` that had been sent before. */
  readonly framesRetransmitted: number;
  /** Lost for good, all of it announced by `drop` events. */
  readonly droppedDurationMs: number;
  /** Bytes of all messages to the server, heads of frames included. */
  readonly bytesSent: number;
  /** Bytes of all messages of the server. */
  readonly bytesReceived: number;
  /** Held for sending or sending again, what is acknowledged but kept for safety not counted. */
  readonly bufferedFrames: number;
  /** The same in milliseconds of audio. */
  readonly bufferedDurationMs: number;
  /** Memory of everything held. */
  readonly bufferedBytes: number;
  /** Of the last heartbeat that was answered. */
  readonly roundTripTimeMs: number | undefined;
  /** Times the connection was restored. */
  readonly reconnectCount: number;
  /** Times the audio thread or the device left something out. */
  readonly captureGapCount: number;
  /**
   * How much faster than its nominal rate the device captures by the page's clock, in millionths; `undefined` until audio
   * has come without a break for ten seconds.
   */
  readonly clockDriftPpm: number | undefined;
  /** Loudest sample of the last frame, linear, 0 to 1. */
  readonly audioLevel: number;
  /** Root mean square of the last frame, linear, 0 to 1. */
  readonly rmsLevel: number;
}

/** @param client `undefined` before the source is opened. */
export async function streamStats(client: RunningClient | undefined, sampleRate: number): Promise<StreamStats> {
  const stats = await client?.stats();
  const toMs = (samples = 0) => (samples / sampleRate) * 1_000;
  return {
    timestamp: performance.now(),
    host: client?.kind,
    capturedDurationMs: toMs(stats?.capturedPosition),
    sentDurationMs: toMs(stats?.sentPosition),
    acknowledgedDurationMs: toMs(stats?.acknowledgedPosition),
    framesCaptured: stats?.framesCaptured ?? 0,
    samplesCaptured: stats?.samplesCaptured ?? 0,
    withheldDurationMs: toMs(stats?.samplesWithheld),
    framesSent: stats?.framesSent ?? 0,
    framesRetransmitted: stats?.framesRetransmitted ?? 0,
    droppedDurationMs: toMs(stats?.samplesDropped),
    bytesSent: stats?.bytesSent ?? 0,
    bytesReceived: stats?.bytesReceived ?? 0,
    bufferedFrames: stats?.bufferedFrames ?? 0,
    bufferedDurationMs: toMs(stats?.bufferedSamples),
    bufferedBytes: stats?.bufferedBytes ?? 0,
    roundTripTimeMs: stats?.roundTripTimeMs,
    reconnectCount: stats?.reconnectCount ?? 0,
    captureGapCount: stats?.captureGapCount ?? 0,
    clockDriftPpm: client?.timeline.driftPpm,
    audioLevel: stats?.level.peakLevel ?? 0,
    rmsLevel: stats?.level.rmsLevel ?? 0,
  };
}
