import type { ServerTerms } from "../../examples/server/protocol/server-terms.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { ApplicationError } from "./application-error.js";
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
  /** The server now and then says what it must not say, or forgets to say what it must. */
  readonly lying: boolean;
  /** Messages may be no larger than a part of a frame. */
  readonly narrow: boolean;
  /** A message takes two seconds each way. */
  readonly distant: boolean;
  /** The client has only so much time for an outage, or the server refuses it for good. */
  readonly mortal: boolean;
  /** The source ends badly while the server cannot be reached. */
  readonly broken: boolean;
  /** The page goes away, and another one wants its session. */
  readonly haunted: boolean;
  /** What the application gave to the client throws. */
  readonly hostile: boolean;
  /** The worker that the session runs in dies, and another one goes on. */
  readonly fragile: boolean;
}

/** No trouble but what is nobody's fault. */
export const CALM: Kind = {
  forgetful: false,
  cramped: false,
  leaky: false,
  contested: false,
  lying: false,
  narrow: false,
  distant: false,
  mortal: false,
  broken: false,
  haunted: false,
  hostile: false,
  fragile: false,
};

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
  /** How fast the source gives its audio, times real time. */
  readonly sourceSpeed: number;
  /** How long a message is on its way at most, jitter not counted. */
  readonly latencyMs: { readonly min: number; readonly max: number };
  /** How long after the first word the client may connect, as it waits for a lock. */
  readonly startsAfterMs: number;
  readonly session: SessionOptions;
  readonly terms: ServerTerms;
}

/** What the messages that a client cannot do without need. */
const SMALLEST_LIMIT_BYTES = 700;

export function drawKind(rng: Rng): Kind {
  const forgetful = rng.chance(0.3);
  const cramped = rng.chance(0.25);
  return {
    forgetful,
    cramped,
    leaky: !forgetful && !cramped && rng.chance(0.5),
    contested: rng.chance(0.05),
    lying: rng.chance(0.2),
    narrow: rng.chance(0.1),
    distant: rng.chance(0.05),
    mortal: rng.chance(0.15),
    broken: rng.chance(0.1),
    haunted: rng.chance(0.05),
    hostile: rng.chance(0.05),
    fragile: rng.chance(0.15),
  };
}

export function drawConditions(rng: Rng, kind: Kind, sampleRate: number): Conditions {
  const quickly = rng.chance(0.85);
  const shortLived = kind.forgetful && rng.chance(0.4);
  const heartbeatIntervalMs = kind.distant ? rng.whole(4_000, 10_000) : rng.whole(500, 2_500);
  const frameSamples = (sampleRate / 1_000) * rng.pick([20, 60, 100, 200, 200, 200, 200]);
  const maxElapsedMs = kind.mortal ? rng.between(10_000, 60_000) : Number.POSITIVE_INFINITY;
  const patientServer = kind.distant || rng.chance(0.5);
  return {
    kind,
    frameSamples,
    storeDelayMs: rng.pick([0, 50, 300, 1_500]),
    framesPerEvent: rng.whole(1, 20),
    durationMs: kind.distant ? rng.between(15_000, 40_000) : rng.between(3_000, 20_000),
    troubleAfterMs: rng.pick([-2_000, 0, 2_000, 4_000]),
    faultsPerSecond: faultsPerSecond(rng, kind),
    sourceSpeed: rng.chance(0.15) ? rng.between(1.5, 10) : 1,
    latencyMs: kind.distant ? { min: 1_800, max: 2_000 } : { min: 0, max: 60 },
    startsAfterMs: rng.chance(0.1) ? rng.between(0, 1_000) : 0,
    session: {
      sessionId: "session",
      clientId: "client",
      takeover: false,
      agent: "simulation",
      format: { encoding: "pcm_s16le", sampleRate, channels: 1 },
      replay: {
        maxDurationMs: kind.cramped ? rng.between(1_000, 6_000) : 600_000,
        maxBytes: kind.cramped && rng.chance(0.5) ? rng.whole(20_000, 60_000) : 100_000_000,
        whenFull: kind.cramped && kind.mortal && rng.chance(0.5) ? "fail" : "drop-oldest",
      },
      retry: {
        initialDelayMs: 250,
        maxDelayMs: 2_000,
        factor: 2,
        jitterRatio: 1,
        maxAttempts: Number.POSITIVE_INFINITY,
        maxElapsedMs,
        initial: "retry",
        // Ten attempts in two minutes would leave most faults nobody to hit.
        policy: quickly || kind.hostile ? quickPolicy(rng, maxElapsedMs, kind) : undefined,
      },
      connectTimeoutMs: kind.distant ? rng.between(10_000, 20_000) : rng.between(500, 3_000),
      heartbeat: { intervalMs: rng.between(500, 10_000), timeoutMs: rng.between(2_000, 5_000) },
      renewableToken: false,
      random: () => rng.next(),
    },
    terms: {
      heartbeatIntervalMs,
      heartbeatTimeoutMs: patientServer ? 30_000 : heartbeatIntervalMs * 2 + rng.whole(1_000, 4_000),
      resumeTtlMs: shortLived ? rng.whole(500, 5_000) : 600_000,
      resumeMaxEvents: rng.chance(0.4) ? rng.whole(4, 16) : 500,
      maxInFlight: rng.whole(2, 64),
      maxMessageBytes: kind.narrow ? rng.whole(SMALLEST_LIMIT_BYTES, 3_300) : 131_072,
      // Where all that fits the window is lost, nothing would be left to show it.
      windowMs: rng.whole(kind.leaky ? 5_000 : 200, 20_000),
      pace: rng.between(2, 20),
      snapshotFinals: 10,
    },
  };
}

/** Round trips of four seconds leave a client no time for many faults. */
function faultsPerSecond(rng: Rng, { distant }: Kind): number {
  if (distant) return rng.between(0.05, 0.3);
  return rng.chance(0.15) ? rng.between(0.5, 4) : rng.between(10, 80);
}

/** Decides alone, so it has to know itself when to give up. */
const quickPolicy =
  (rng: Rng, maxElapsedMs: number, { hostile }: Kind) =>
  ({ attempt, elapsedMs }: { attempt: number; elapsedMs: number }): number | null => {
    if (hostile && rng.chance(0.02)) throw new ApplicationError("the policy threw");
    return elapsedMs >= maxElapsedMs ? null : rng.between(0, Math.min(150, 25 * 2 ** attempt));
  };
