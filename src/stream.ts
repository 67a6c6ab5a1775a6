import type { AudioCapture, AudioFrame, AudioSource, InterruptReason } from "./capture/source.js";
import { DEFAULTS } from "./defaults.js";
import type { AudioStreamError } from "./errors.js";
import {
  type AudioStreamEventMap,
  CloseInfoEvent,
  DeviceChangeEvent,
  DropEvent,
  ReconnectedEvent,
  ReconnectingEvent,
  type ServerEvent,
  WarningEvent,
} from "./events.js";
import { mainHost, type SessionHost } from "./host/main-host.js";
import { withSignal } from "./internal/abort.js";
import { asyncDispose } from "./internal/async-dispose.js";
import { systemClock } from "./internal/clock.js";
import { type Deferred, deferred } from "./internal/deferred.js";
import { LeakGuard } from "./internal/leak-guard.js";
import { MessageQueue } from "./internal/message-queue.js";
import { type Registration, type ResourceInfo, Scope } from "./internal/scope.js";
import { TypedEventTarget } from "./internal/typed-event-target.js";
import { debugLogger, type Logger } from "./logger.js";
import type { AbortOptions, AudioStreamOptions, CloseOptions, PauseOptions } from "./options.js";
import { inRange, type ResolvedOptions, resolveOptions } from "./resolve-options.js";
import type { SessionEvent } from "./session/session-io.js";
import type { CloseInfo, StreamState } from "./state.js";
import { type StreamStats, toStreamStats } from "./stats.js";
import {
  captureInterrupted,
  captureNeverStarted,
  FIRST_FRAME_TIMEOUT_MS,
  invalidState,
  noDevices,
  toStreamError,
} from "./stream-errors.js";
import { relayTo, type StreamReactions } from "./stream-relay.js";
import { streamScope } from "./stream-scope.js";
import type { Transport } from "./transport/transport.js";

/** Where the audio comes from, and what carries it to the server. */
export interface AudioStreamParts {
  readonly source: AudioSource;
  readonly transport: Transport;
}

/** Messages a slow reader of {@link AudioStream.messages} may leave unread. */
const MESSAGE_QUEUE_LIMIT = 10_000;

interface FlushWaiter {
  readonly position: number;
  readonly done: Deferred<void>;
}

/**
 * Carries audio from a source to a server, keeps it until the server has it, and lets go of everything when it ends.
 * Nothing happens before {@link AudioStream.start}.
 */
export class AudioStream<Message = ServerEvent>
  extends TypedEventTarget<AudioStreamEventMap<Message>>
  implements AsyncDisposable
{
  readonly #parts: AudioStreamParts;
  readonly #options: AudioStreamOptions;
  readonly #resolved: ResolvedOptions;
  readonly #logger: Logger | undefined;
  /** What is acquired. Nothing in it refers to the stream, so that a forgotten one can be noticed. */
  readonly #scope: Scope;
  readonly #captureScope: Scope;
  /** Listeners on the signals of the caller, who has not forgotten the stream while a signal can still end it. */
  readonly #callerScope = new Scope({ name: "caller" });
  readonly #guard: LeakGuard;
  /** Held by the stream alone: what it acquired calls them through {@link relayTo}. */
  readonly #reactions: StreamReactions = {
    onFrame: (frame) => this.#onFrame(frame),
    onInterrupt: (reason) => this.#onInterrupt(reason),
    onDeviceChange: (track, reason) => this.#tell(new DeviceChangeEvent({ track, reason })),
    onWarning: (error) => this.#warn(error),
    onEnd: (error) => this.#fail(error),
    onSessionEvent: (event) => this.#onSessionEvent(event),
    onPageGone: () => this.abort(new DOMException("The page went away.", "AbortError")),
    connect: (options) => this.#parts.transport.connect(options),
    getToken: (context) => this.#options.getToken?.(context) ?? "",
  };
  readonly #relay = relayTo(this.#reactions);
  readonly #closed = deferred<CloseInfo>();
  readonly #flushes = new Set<FlushWaiter>();
  readonly #readers = new Set<MessageQueue<Message>>();
  #host: SessionHost | undefined;
  #capture: AudioCapture | undefined;
  #start: Deferred<void> | undefined;
  #closing: Promise<void> | undefined;
  #info: CloseInfo | undefined;
  #state: StreamState = "idle";
  #paused = false;
  #interruption: InterruptReason | undefined;
  #hasAudio = false;
  #connected = false;
  #everConnected = false;
  #level = { peakLevel: 0, rmsLevel: 0 };

  /** @throws TypeError or RangeError naming the option that cannot be. */
  constructor(parts: AudioStreamParts, options: AudioStreamOptions = {}) {
    super();
    this.#parts = parts;
    this.#options = options;
    this.#resolved = resolveOptions(options, Math.random);
    this.#logger = options.logger ?? debugLogger();
    const { scope, releaseForgotten } = streamScope(this.#logger);
    this.#scope = scope;
    this.#captureScope = scope.child("capture");
    this.#guard = new LeakGuard(releaseForgotten);
  }

  /** What the stream is doing; each change fires `statechange`. */
  get state(): StreamState {
    return this.#state;
  }

  /** What the caller asked for, whatever the connection does. */
  get paused(): boolean {
    return this.#paused;
  }

  /** The captured track, for `getSettings()`; `undefined` until started. */
  get track(): MediaStreamTrack | undefined {
    return this.#capture?.track;
  }

  /** The option's, or 128 random bits as hexadecimal; survives reconnects. */
  get sessionId(): string {
    return this.#resolved.session.sessionId;
  }

  /** Aborted when the stream ends, however it ends. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  /** Resolves, and never rejects, once everything is released. */
  get closed(): Promise<CloseInfo> {
    return this.#guard.hold(this, this.#closed.promise);
  }

  /**
   * Opens the source, then the connection. Call it in a click handler, so that the browser lets audio run.
   * Resolves when audio flows and the server has answered. A second call returns the first one's promise; aborting
   * its signal aborts the stream, since half a start is of no use.
   * @throws AudioStreamError when the source cannot be opened, the server refuses, or the retries are used up.
   */
  start(options: AbortOptions = {}): Promise<void> {
    if (this.#info !== undefined) return Promise.reject(this.#endReason());
    if (this.#closing !== undefined) return Promise.reject(invalidState("start()", this.#state));
    const isFirst = this.#start === undefined;
    this.#start ??= deferred();
    const { promise } = this.#start;
    if (isFirst) {
      this.#guard.watch(this);
      this.#callerScope.follow(this.#options.signal, (reason) => this.abort(reason));
    }
    const abortWithCall = this.#callerScope.follow(
      options.signal,
      (reason) => this.#derivedState() === "starting" && this.abort(reason),
    );
    // A signal that had aborted already has ended the stream by now.
    if (isFirst && this.#info === undefined) this.#begin();
    promise.then(abortWithCall.dispose, abortWithCall.dispose);
    return this.#guard.hold(this, promise);
  }

  /**
   * Stops capturing; what was captured is still sent. Positions count on without a gap after {@link resume}.
   * @throws AudioStreamError `invalid-state` before the start and after the end.
   */
  async pause(options: PauseOptions = {}): Promise<void> {
    const capture = this.#running("pause()");
    this.#paused = true;
    this.#refresh();
    await this.#bound(capture.pause(options.releaseDevice ?? DEFAULTS.pause.releaseDevice), options.signal);
  }

  /** Captures again, after acquiring the device again if it was released. */
  async resume(options: AbortOptions = {}): Promise<void> {
    const capture = this.#running("resume()");
    await this.#bound(capture.resume(), options.signal);
    this.#paused = false;
    this.#refresh();
  }

  /**
   * Captures from another device from now on; the one in use is let go once the other delivers, and positions go on.
   * @throws AudioStreamError when the device cannot be had (the one in use goes on), `unsupported` where the source has none.
   */
  async setDevice(deviceId: ConstrainDOMString, options: AbortOptions = {}): Promise<void> {
    const capture = this.#running("setDevice()");
    if (capture.setDevice === undefined) throw noDevices();
    await this.#bound(capture.setDevice(deviceId, options.signal), options.signal);
  }

  /** Resolves when the server has acknowledged every frame captured before the call. */
  async flush(options: AbortOptions = {}): Promise<void> {
    const capture = this.#running("flush()");
    await this.#bound(capture.flush(), options.signal);
    const stats = this.#host?.stats();
    if (stats === undefined || stats.acknowledgedPosition >= stats.capturedPosition) return;
    const waiter = { position: stats.capturedPosition, done: deferred<void>() };
    this.#flushes.add(waiter);
    try {
      await this.#bound(waiter.done.promise, options.signal);
    } finally {
      this.#flushes.delete(waiter);
    }
  }

  /**
   * Stops capturing, sends everything, waits for the last captions, says goodbye and releases. Idempotent.
   * @throws AudioStreamError `close-timeout` when the server does not confirm in time; everything is released all the same.
   */
  close(options: CloseOptions = {}): Promise<void> {
    if (this.#closing === undefined) {
      const timeoutMs = inRange("timeoutMs", options.timeoutMs ?? DEFAULTS.close.timeoutMs, 0, 3_600_000);
      this.#closing = this.#closed.promise.then((info) => {
        if (info.outcome === "failed") throw info.error;
        if (info.outcome === "aborted") throw info.reason;
      });
      // Whoever ignores this promise still has `closed` and the `close` event.
      this.#guard.hold(this, this.#closing).catch(() => {});
      void this.#finishGracefully(timeoutMs);
    }
    return options.signal === undefined ? this.#closing : withSignal(this.#closing, options.signal);
  }

  /** Releases everything before it returns; unacknowledged audio is discarded. Idempotent. */
  abort(reason: unknown = new DOMException("The stream was aborted.", "AbortError")): void {
    this.#finish({ outcome: "aborted", reason });
  }

  /** Closes like {@link close}; how that went is in {@link closed}. */
  async [asyncDispose](): Promise<void> {
    await this.close().catch(() => {});
    await this.#closed.promise;
  }

  /** Figures since the start. They only grow, and survive reconnects. */
  async getStats(): Promise<StreamStats> {
    return toStreamStats(this.#host?.stats(), this.#resolved.format.sampleRate, this.#level);
  }

  /** Everything the stream holds now: each resource's name, the part that owns it, and its age. Empty when it has ended. */
  resources(): ResourceInfo[] {
    return [...this.#scope.resources(), ...this.#callerScope.resources()].sort((a, b) => b.ageMs - a.ageMs);
  }

  /** Messages of the server, from now until the stream ends. A reader who leaves 10,000 unread gets an error. */
  messages(options: AbortOptions = {}): AsyncIterableIterator<Message> {
    let following: Registration | undefined;
    const queue = new MessageQueue<Message>({
      limit: MESSAGE_QUEUE_LIMIT,
      overflow: () => new RangeError(`More than ${MESSAGE_QUEUE_LIMIT} messages were left unread. Read them faster.`),
      onReturn: () => {
        this.#readers.delete(queue);
        following?.dispose();
      },
      onWait: (message) => void this.#guard.hold(this, message),
    });
    this.#readers.add(queue);
    following = this.#callerScope.follow(options.signal, (reason) => queue.fail(reason));
    if (this.#info !== undefined) queue.close();
    return queue;
  }

  // ---------------------------------------------------------------- source

  #begin(): void {
    this.#refresh();
    this.#host = mainHost({
      session: this.#resolved.session,
      exclusive: this.#options.sessionId !== undefined,
      clock: systemClock,
      scope: this.#scope.child("session"),
      transport: this.#relay.transport,
      getToken: this.#options.getToken && this.#relay.getToken,
      ...this.#relay.host,
    });
    this.#openSource().catch((error: unknown) => this.#fail(toStreamError(error)));
  }

  async #openSource(): Promise<void> {
    const scope = this.#captureScope;
    const { signal } = scope;
    let capture: AudioCapture;
    try {
      capture = await this.#parts.source.open({
        signal,
        scope,
        format: this.#resolved.format,
        frameDurationMs: this.#resolved.frameDurationMs,
        ...this.#relay.source,
      });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if (signal.aborted) {
      // A custom source may ignore the signal; what it opens too late is stopped.
      scope.defer("late capture", () => capture.stop());
      return;
    }
    this.#capture = capture;
    this.#host?.start();
    if (this.#hasAudio) return;
    const watchdog = this.#captureScope.timeout(FIRST_FRAME_TIMEOUT_MS, () => {
      if (!this.#hasAudio && !this.#paused) this.#fail(captureNeverStarted());
    });
    this.#start?.promise.then(watchdog.dispose, watchdog.dispose);
  }

  #onInterrupt(reason: InterruptReason | undefined): void {
    if (reason === this.#interruption) return;
    this.#interruption = reason;
    this.#refresh();
    if (reason !== undefined) this.#warn(captureInterrupted(reason));
  }

  #onFrame(frame: AudioFrame): void {
    this.#level = frame;
    this.#host?.send({ payload: frame.payload, position: frame.position, sampleCount: frame.sampleCount });
    if (!this.#hasAudio) {
      this.#hasAudio = true;
      this.#refresh();
    }
  }

  // ---------------------------------------------------------------- session

  #onSessionEvent(event: SessionEvent): void {
    switch (event.type) {
      case "connected":
        this.#connected = true;
        this.#everConnected = true;
        this.#refresh();
        if (event.reconnection !== undefined) this.#tell(new ReconnectedEvent(event.reconnection));
        return;
      case "reconnecting":
        this.#connected = false;
        this.#refresh();
        this.#tell(new ReconnectingEvent({ ...event, error: toStreamError(event.error) }));
        return;
      case "message":
        this.#tell(new MessageEvent("message", { data: event.message }));
        for (const reader of this.#readers) reader.push(event.message as Message);
        return;
      case "drop": {
        const { from, to } = event.range;
        const durationMs = ((to - from) / this.#resolved.format.sampleRate) * 1_000;
        this.#tell(new DropEvent({ from, to, durationMs }));
        return;
      }
      case "warning":
        this.#warn(event.error);
        return;
      case "acknowledged":
        for (const waiter of this.#flushes) if (event.position >= waiter.position) waiter.done.resolve();
        return;
      case "ended":
        this.#finish({ outcome: "closed" });
        return;
      case "failed":
        this.#fail(event.error);
    }
  }

  #warn(error: AudioStreamError): void {
    this.#logger?.warn(error.message, { code: error.code });
    this.#tell(new WarningEvent(toStreamError(error)));
  }

  /** A listener of an earlier event may have ended the stream. */
  #tell(event: Event): void {
    if (this.#info === undefined) this.dispatchEvent(event);
  }

  // ---------------------------------------------------------------- state

  #refresh(): void {
    const state = this.#derivedState();
    if (state === this.#state) return;
    this.#state = state;
    if (state !== "starting" && state !== "closing" && state !== "closed") this.#start?.resolve();
    this.dispatchEvent(new Event("statechange"));
  }

  #derivedState(): StreamState {
    if (this.#info !== undefined) return "closed";
    if (this.#closing !== undefined) return "closing";
    if (this.#start === undefined) return "idle";
    if (!this.#everConnected || !(this.#hasAudio || this.#paused)) return "starting";
    if (!this.#connected) return "reconnecting";
    if (this.#interruption !== undefined) return "interrupted";
    return this.#paused ? "paused" : "streaming";
  }

  #running(call: string): AudioCapture {
    if (this.#capture === undefined || this.#info !== undefined || this.#closing !== undefined) {
      throw invalidState(call, this.#state);
    }
    return this.#capture;
  }

  /** Waits no longer than the call's signal and the stream allow. */
  #bound<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return withSignal(withSignal(promise, signal), this.#scope.signal);
  }

  // ---------------------------------------------------------------- end

  async #finishGracefully(timeoutMs: number): Promise<void> {
    if (this.#start === undefined) {
      this.#finish({ outcome: "closed" });
      return;
    }
    this.#refresh();
    const deadline = systemClock.now() + timeoutMs;
    await this.#stopCapture(timeoutMs / 2);
    void this.#captureScope.dispose();
    this.#host?.end(Math.max(0, deadline - systemClock.now()));
  }

  async #stopCapture(timeoutMs: number): Promise<void> {
    const late = deferred<never>();
    const timer = this.#captureScope.timeout(
      timeoutMs,
      () => late.reject(new Error("It took too long.")),
      "stop timeout",
    );
    try {
      await Promise.race([this.#capture?.stop(), late.promise]);
    } catch (error) {
      this.#logger?.warn("The capture did not stop well; its last audio may be missing.", { error });
    } finally {
      timer.dispose();
    }
  }

  #fail(error: AudioStreamError): void {
    this.#finish({ outcome: "failed", error: toStreamError(error) });
  }

  #finish(info: CloseInfo): void {
    if (this.#info !== undefined) return;
    this.#info = info;
    const reason = this.#endReason();
    const released = this.#scope.dispose(reason);
    void this.#callerScope.dispose(reason);
    this.#guard.release();
    this.#start?.reject(reason);
    for (const waiter of this.#flushes) waiter.done.reject(reason);
    for (const reader of this.#readers) reader.close();
    this.#refresh();
    void released.then(() => {
      this.dispatchEvent(new CloseInfoEvent(info));
      this.#closed.resolve(info);
    });
  }

  #endReason(): unknown {
    if (this.#info?.outcome === "failed") return this.#info.error;
    if (this.#info?.outcome === "aborted") return this.#info.reason;
    return invalidState("This call", this.#state);
  }
}
