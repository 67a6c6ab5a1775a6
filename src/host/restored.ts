import type { SessionCheckpoint } from "../session/session-io.js";

/** The server takes the connection with the greatest number. A session may have asked for more than its checkpoint says. */
const UNTOLD_CONNECTIONS = 1_000;

/** What a session leaves behind that has done nothing. */
export const NOTHING_LEFT: SessionCheckpoint = Object.freeze({
  answered: false,
  connections: 0,
  resumeToken: undefined,
  epoch: undefined,
  lastSeq: 0,
  losses: Object.freeze([]),
  stats: Object.freeze({
    framesCaptured: 0,
    samplesCaptured: 0,
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
  }),
});

/** The checkpoint for a session that goes on for one that has died since it made it. */
export function nextCheckpoint(checkpoint: SessionCheckpoint): SessionCheckpoint {
  return { ...checkpoint, connections: checkpoint.connections + UNTOLD_CONNECTIONS };
}
