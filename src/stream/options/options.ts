import type { VoiceGate } from "../../capture/gate.js";
import type { AnyAudioStreamError } from "../../errors.js";
import type { OpusEncoding } from "../../frames/imported-encoding.js";
import type { PersistentJournal } from "../../host/imported-journal.js";
import type { Playback } from "../../playback/playback.js";
import type { AudioEncoding } from "../../protocol/messages.js";
import type { Recording } from "../../recording/recording.js";
import type { ConnectContext } from "../../transport/transport.js";
import type { Logger } from "../logger.js";

/** For every call that waits. */
export interface AbortOptions {
  /** Bounds this call only. The promise rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@link AudioStream.pause}. */
export interface PauseOptions extends AbortOptions {
  /** Also release the device, so that the browser's recording indicator goes out. @defaultValue false */
  readonly releaseDevice?: boolean | undefined;
}

/** Options of {@link AudioStream.close}. */
export interface CloseOptions extends AbortOptions {
  /** Milliseconds to wait for the last acknowledgements and captions before giving up. @defaultValue 5_000 */
  readonly timeoutMs?: number | undefined;
}

/** Options of a stream. All are optional, checked at construction and fixed from then on. */
export interface AudioStreamOptions {
  /** Bounds the stream's whole life: aborting it is `abort(signal.reason)`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds of audio per frame on the wire, 5 to 200. @defaultValue 20 */
  readonly frameDurationMs?: number | undefined;
  /** Rate on the wire in Hz, 8_000 to 48_000; the device keeps its own. @defaultValue 16_000 */
  readonly sampleRate?: number | undefined;
  /**
   * Encoding on the wire. Linear PCM and µ-law are made on the audio thread; for Opus, give what {@link opus} returns.
   * @defaultValue "pcm_s16le"
   */
  readonly encoding?: Exclude<AudioEncoding, "opus"> | OpusEncoding | undefined;
  /** Channels on the wire, interleaved. @defaultValue 1 */
  readonly channelCount?: 1 | 2 | undefined;
  /**
   * Milliseconds of audio from before {@link AudioStream.start} that are sent after {@link AudioStream.warmUp}, 0 to 10_000.
   * @defaultValue 0
   */
  readonly preRollMs?: number | undefined;
  /**
   * Tells speech from silence, and leaves silence out: what `voiceGate()` of `loquilex/gate` returns. By default everything is
   * sent, and nobody listens for speech.
   */
  readonly gate?: VoiceGate | undefined;
  /** Milliseconds of audio between two `level` events, 0 (each frame) to 60_000. @defaultValue 100 */
  readonly levelIntervalMs?: number | undefined;
  /**
   * Name of the session on the server, for applications that must know it beforehand: 16 to 128 unguessable letters,
   * digits, hyphens or underscores. One tab at a time holds it. By default 128 random bits.
   */
  readonly sessionId?: string | undefined;
  /** Whether another tab or client that holds the same `sessionId` has to give way. @defaultValue false */
  readonly takeover?: boolean | undefined;
  /**
   * Where frames and messages are handled: in a worker, which a busy page does not delay, or on the page. `"auto"` takes a worker
   * if there can be one, `"worker"` fails without one. It has to be the page for a transport other than `webSocket(url)`
   * or one of `loquilex/dialects`, and if `reconnect` is a function. {@link StreamStats.host} says which it is. @defaultValue "auto"
   */
  readonly host?: "auto" | "worker" | "page" | undefined;
  /**
   * Where `dist/loquilex.worker.js` is served, for pages whose policy forbids workers from a blob; for the transports of
   * `loquilex/dialects`, `dist/loquilex.dialects.worker.js`. If it fails, the code inside the package is tried.
   */
  readonly workerUrl?: string | URL | undefined;
  /** Plays what the server says: give what `playback()` of `loquilex/playback` returns. By default nothing is played. */
  readonly playback?: Playback | undefined;
  /** Keeps a copy of what is captured: give what `recording()` of `loquilex/recording` returns. By default none is kept. */
  readonly recording?: Recording | undefined;
  /** How much audio is kept for sending again. */
  readonly replay?: ReplayOptions | undefined;
  /** `false` fails on the first disconnection. */
  readonly reconnect?: ReconnectOptions | ReconnectPolicy | false | undefined;
  /** `false` trusts the transport to notice a dead peer. */
  readonly heartbeat?: HeartbeatOptions | false | undefined;
  /** Called on every connection, so that a token is always fresh. Sent in the first message, never in the URL. */
  readonly getToken?: ((context: ConnectContext) => string | Promise<string>) | undefined;
  /** Told about acquisitions, releases and warnings. Never gets a token or audio. */
  readonly logger?: Logger | undefined;
}

/** How much audio is held for sending again. */
export interface ReplayOptions {
  /** Milliseconds of audio held until it is acknowledged, 1_000 to 3_600_000. @defaultValue 30_000 */
  readonly maxDurationMs?: number | undefined;
  /** Bytes of audio held until it is acknowledged, 16_384 to 1_073_741_824. @defaultValue 4_194_304 */
  readonly maxBytes?: number | undefined;
  /** What to do when full: drop the oldest audio, with a `drop` event, or end the stream. @defaultValue "drop-oldest" */
  readonly whenFull?: "drop-oldest" | "fail" | undefined;
  /**
   * Where it is held as well: in memory alone, or also on the disk, where it survives a reload and a crash. For the latter, give
   * what `persistentJournal()` of `loquilex/journal` returns. @defaultValue "memory"
   */
  readonly journal?: "memory" | PersistentJournal | undefined;
}

/** When to connect again, and when to give up. Delays grow by `factor` from `initialDelayMs` to `maxDelayMs`. */
export interface ReconnectOptions {
  /**
   * Upper end of the first delay, in milliseconds. If the connection ended from outside, which may have hit all clients of
   * the server at once, the first delay is drawn from at least 750 ms. @defaultValue 250
   */
  readonly initialDelayMs?: number | undefined;
  /** Upper end of every computed delay, in milliseconds. A server may ask for a longer one. @defaultValue 10_000 */
  readonly maxDelayMs?: number | undefined;
  /** How many times longer each delay may be than the one before, 1 to 10. @defaultValue 2 */
  readonly factor?: number | undefined;
  /** Share of each delay drawn at random, 0 to 1. @defaultValue 1 */
  readonly jitterRatio?: number | undefined;
  /** Failures in a row before giving up. @defaultValue Infinity */
  readonly maxAttempts?: number | undefined;
  /**
   * Give up after so many milliseconds without a connection that is of use. Time in which the page slept does not count. A server that
   * asks for a longer wait ends the stream at once. @defaultValue 60_000
   */
  readonly maxElapsedMs?: number | undefined;
  /**
   * Limit for one attempt in milliseconds, from asking for the token and the URL to the server's answer. Each part of a long answer extends
   * it. @defaultValue 10_000
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * What a failure does before the server has ever answered: `"retry"` goes on like later, `"fail-fast"` rejects `start()`
   * with it. Either way the first one is a `warning` at once. @defaultValue "retry"
   */
  readonly initial?: "retry" | "fail-fast" | undefined;
}

/** Returns the delay in milliseconds before the next attempt, or `null` to give up. It alone decides. */
export type ReconnectPolicy = (context: RetryContext) => number | null;

/** What a {@link ReconnectPolicy} decides by. */
export interface RetryContext {
  /** Failures in a row, this one included. */
  readonly attempt: number;
  /** Since there was a connection that was of use, in milliseconds. */
  readonly elapsedMs: number;
  /** Why the last attempt failed, or the connection was lost. */
  readonly error: AnyAudioStreamError;
  /** How long the server asked to wait, in milliseconds; `undefined` if it did not. */
  readonly retryAfterMs: number | undefined;
}

/** How a dead connection is noticed. */
export interface HeartbeatOptions {
  /** Milliseconds of silence after which a heartbeat is sent. @defaultValue 10_000 */
  readonly intervalMs?: number | undefined;
  /**
   * Milliseconds to wait for the answer before the connection is given up. On a link whose measured round trips are longer, as
   * long as they let expect. @defaultValue 2_500
   */
  readonly timeoutMs?: number | undefined;
}
