import type { AudioStreamError } from "../errors.js";
import type { Random } from "../internal/random.js";
import type { AudioEncoding } from "../protocol/messages.js";
import type { HeartbeatTerms } from "./connection/heartbeat.js";
import type { BackoffOptions } from "./retry/backoff.js";
import type { SessionExtension } from "./session-extension.js";
import type { SessionCheckpoint } from "./session-io.js";

export interface RetryOptions extends BackoffOptions {
  readonly maxAttempts: number;
  readonly maxElapsedMs: number;
  /** Whether the first connection is tried again as well. */
  readonly initial: "retry" | "fail-fast";
  /** Decides alone: replaces the computed delay and every limit. `null` gives up. */
  readonly policy:
    | ((context: {
        attempt: number;
        elapsedMs: number;
        error: AudioStreamError;
        retryAfterMs: number | undefined;
      }) => number | null)
    | undefined;
}

/** Everything a session needs to know, all defaults filled in. */
export interface SessionOptions {
  readonly sessionId: string;
  readonly clientId: string;
  /** Whether another client that holds the session id has to give way. */
  readonly takeover: boolean;
  readonly agent: string;
  readonly format: { readonly encoding: AudioEncoding; readonly sampleRate: number; readonly channels: number };
  readonly replay: {
    readonly maxDurationMs: number;
    readonly maxBytes: number;
    readonly whenFull: "drop-oldest" | "fail";
  };
  /** `undefined`: the first lost connection ends the session. */
  readonly retry: RetryOptions | undefined;
  readonly connectTimeoutMs: number;
  /** `undefined`: only the transport tells that a peer is gone. */
  readonly heartbeat: HeartbeatTerms | undefined;
  /** Whether asking for a token again may bring a better one. */
  readonly renewableToken: boolean;
  readonly random: Random;
  readonly extension?: SessionExtension | undefined;
  /** What the session that this one goes on for has left behind. */
  readonly restored?: SessionCheckpoint | undefined;
}
