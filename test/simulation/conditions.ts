import type { ServerTerms } from "../../examples/server/protocol-io.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import type { Rng } from "./rng.js";

/** What kind of trouble a run may meet; each excuses losses that the others must not have. */
export interface Kind {
  /** The server may lose its memory, its store more than the grace tail covers, and sessions may expire. */
  readonly forgetful: boolean;
  /** The replay buffer is too small for the outages that may come. */
  readonly cramped: boolean;
  /** The network may lose single frames, as a broken proxy does. */
  readonly leaky: boolean;
  /** Another tab takes the session over at some moment. */
  readonly contested: boolean;
}

/** Everything about a run that stays as it is, drawn from its seed. */
export interface Conditions {
  readonly kind: Kind;
  readonly frameSamples: number;
  readonly storeDelayMs: number;
  readonly framesPerEvent: number;
  readonly durationMs: number;
  /** How long trouble goes on after the last word was spoken; negative: it ends before. */
  readonly troubleAfterMs: number;
  readonly faultsPerSecond: number;
  readonly session: SessionOptions;
  readonly terms: ServerTerms;
}

export function drawKind(rng: Rng): Kind {
  const forgetful = rng.chance(0.3);
  const cramped = rng.chance(0.25);
  return {
    forgetful,
    cramped,
    leaky: !forgetful && !cramped && rng.chance(0.5),
    contested: rng.chance(0.05),
  };
}

export function drawConditions(rng: Rng, kind: Kind, sampleRate: number): Conditions {
  const quickly = rng.chance(0.85);
  const shortLived = kind.forgetful && rng.chance(0.4);
  const heartbeatIntervalMs = rng.whole(500, 2_500);
  return {
    kind,
    frameSamples: (sampleRate / 1_000) * rng.pick([20, 60, 100, 200, 200, 200, 200]),
    storeDelayMs: rng.pick([0, 50, 300, 1_500]),
    framesPerEvent: rng.whole(1, 20),
    durationMs: rng.between(3_000, 20_000),
    troubleAfterMs: rng.pick([-2_000, 0, 2_000, 4_000]),
    faultsPerSecond: rng.chance(0.15) ? rng.between(0.5, 4) : rng.between(10, 80),
    session: {
      sessionId: "session",
      clientId: "client",
      takeover: false,
      agent: "simulation",
      format: { encoding: "pcm_s16le", sampleRate, channels: 1 },
      replay: {
        maxDurationMs: kind.cramped ? rng.between(1_000, 6_000) : 600_000,
        maxBytes: kind.cramped && rng.chance(0.5) ? rng.whole(20_000, 60_000) : 100_000_000,
        whenFull: "drop-oldest",
      },
      retry: {
        initialDelayMs: 250,
        maxDelayMs: 2_000,
        factor: 2,
        jitterRatio: 1,
        maxAttempts: Number.POSITIVE_INFINITY,
        maxElapsedMs: Number.POSITIVE_INFINITY,
        initial: "retry",
        // Ten attempts in two minutes would leave most faults nobody to hit.
        policy: quickly ? ({ attempt }) => rng.between(0, Math.min(150, 25 * 2 ** attempt)) : undefined,
      },
      connectTimeoutMs: rng.between(500, 3_000),
      heartbeat: { intervalMs: rng.between(500, 10_000), timeoutMs: rng.between(2_000, 5_000) },
      renewableToken: false,
      random: () => rng.next(),
    },
    terms: {
      heartbeatIntervalMs,
      heartbeatTimeoutMs: rng.chance(0.5) ? 30_000 : heartbeatIntervalMs * 2 + rng.whole(1_000, 4_000),
      resumeTtlMs: shortLived ? rng.whole(500, 5_000) : 600_000,
      resumeMaxEvents: rng.chance(0.4) ? rng.whole(4, 16) : 500,
      maxInFlight: rng.whole(2, 64),
      maxMessageBytes: 131_072,
      // Where all that fits the window is lost, nothing would be left to show it.
      windowMs: rng.whole(kind.leaky ? 5_000 : 200, 20_000),
      pace: rng.between(2, 20),
      snapshotFinals: 10,
    },
  };
}
