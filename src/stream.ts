import type { AudioCapture, AudioSource, InterruptReason } from "./capture/source.js";
import { DEFAULTS } from "./defaults.js";
import type { AudioStreamError } from "./errors.js";
import {
  type AudioStreamEventMap,
  CloseInfoEvent,
  DeviceChangeEvent,
  DropEvent,
  LevelEvent,
  ReconnectedEvent,
  ReconnectingEvent,
  type ServerEvent,
  WarningEvent,
} from "./events.js";
import { FlushWaiters } from "./flush-waiters.js";
import { FramePath } from "./frame-path.js";
import { mainHost, type SessionHost } from "./host/main-host.js";
import { withSignal } from "./internal/abort.js";
import { asyncDispose } from "./internal/async-dispose.js";
import { systemClock } from "./internal/clock.js";
import { type Deferred, deferred } from "./internal/deferred.js";
import { LeakGuard } from "./internal/leak-guard.js";
import { type ResourceInfo, Scope } from "./internal/scope.js";
import { TypedEventTarget } from "./internal/typed-event-target.js";
import { debugLogger, type Logger } from "./logger.js";
import { MessageReaders } from "./message-readers.js";
import type { AbortOptions, AudioStreamOptions, CloseOptions, PauseOptions } from "./options.js";
import { inRange, type ResolvedOptions, resolveOptions } from "./resolve-options.js";
import { Room } from "./room.js";
import type { CapturedFrame } from "./session/audio-sender.js";
import type { SessionEvent } from "./session/session-io.js";
import { type CloseInfo, type StreamState, stateOf } from "./state.js";
import { type StreamStats, toStreamStats } from "./stats.js";
import {
  adviceWarning,
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
    onFrame: (frame) => this.#path.push(frame),
    whenRoom: () => this.#room.wait(),
    onInterrupt: (reason) => this.#onInterrupt(reason),
    onDeviceChange: (track, reason) => {
      this.#path.deviceChanged();
      this.#tell(new DeviceChangeEvent({ track, reason }));
    },
    onWarning: (error) => this.#warn(error),
    onEnd: (error) => this.#fail(error),
    onSessionEvent: (event) => this.#onSessionEvent(event),
    onPageGone: () => this.abort(new DOMException("The page went away.", "AbortError")),
    connect: (options) => this.#parts.transport.connect(options),
    getToken: (context) => this.#options.getToken?.(context) ?? "",
  };
  readonly #relay = relayTo(this.#reactions);
  readonly #closed = deferred<CloseInfo>();
  readonly #flushes = new FlushWaiters();
  readonly #readers: MessageReaders<Message>;
  readonly #path: FramePath;
  readonly #room: Room;
  #host: SessionHost | undefined;
  #capture: AudioCapture | undefined;
  /** Set once the source is asked for, by a warm-up or by the start. */
  #opening: Promise<void> | undefined;
  #start: Deferred<void> | undefined;
  #closing: Promise<void> | undefined;
  #info: CloseInfo | undefined;
  #alive = false;
  #state: StreamState = "idle";
  #paused = false;
  #interruption: InterruptReason | undefined;
  #hasAudio = false;
  #connected = false;
  #everConnected = false;

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
    this.#readers = new MessageReaders(this.#callerScope, (message) => void this.#guard.hold(this, message));
    this.#room = new Room(this.#resolved, () => this.#host?.stats());
    this.#path = new FramePath(this.#resolved, {
      onFrame: (frame) => this.#onFrame(frame),
      onLevel: (level) => this.#tell(new LevelEvent(level)),
      onAdvice: (advice) => this.#warn(adviceWarning(advice)),
      onError: (error) => this.#fail(error),
    });
  }

  /** What the stream is doing; each change fires `statechange`. */
  get state(): StreamState {
    return this.#state;
  }

  /** What the caller asked for, whatever the connection does. */
  get paused(): boolean {
    return this.#paused;
  }

  /**
   * Whether silence is sent instead of what the microphone hears. The device is kept, positions and acknowledgements go on,
   * and the server sees what is muted. May be set at any time, and stays through every reconnection and change of device.
   */
  get muted(): boolean {
    return this.#path.muted;
  }

  set muted(muted: boolean) {
    this.#path.muted = muted;
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
   * Opens the source before {@link start}, so that starting takes no time and up to `preRollMs` of what was said before it
   * is sent. The browser shows its recording indicator from now on. Nothing leaves the page before the start.
   * @throws AudioStreamError when the source cannot be opened, which ends the stream.
   */
  async warmUp(options: AbortOptions = {}): Promise<void> {
    if (this.#info !== undefined) throw this.#endReason();
    if (this.#closing !== undefined) throw invalidState("warmUp()", this.#state);
    this.#live();
    await this.#bound(this.#open(), options.signal);
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
    this.#live();
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
    const released = options.releaseDevice ?? DEFAULTS.pause.releaseDevice;
    await this.#bound(capture.pause(released), options.signal);
    await this.#bound(this.#path.flush(), options.signal);
    this.#path.still();
  }

  /** Captures again, after acquiring the device again if it was released. */
  async resume(options: AbortOptions = {}): Promise<void> {
    const capture = this.#running("resume()");
    await this.#bound(capture.resume(), options.signal);
    this.#paused = false;
    this.#refresh();
  }

  /**
   * Captures from another device from now on, the browser's choice with `undefined`; the one in use is let go once the other delivers, and positions go on.
   * @throws AudioStreamError when the device cannot be had (the one in use goes on), `unsupported` where the source has none.
   */
  async setDevice(deviceId: ConstrainDOMString | undefined, options: AbortOptions = {}): Promise<void> {
    const capture = this.#running("setDevice()");
    if (capture.setDevice === undefined) throw noDevices();
    await this.#bound(capture.setDevice(deviceId, options.signal), options.signal);
  }

  /** Resolves when the server has acknowledged every frame captured before the call. */
  async flush(options: AbortOptions = {}): Promise<void> {
    const capture = this.#running("flush()");
    await this.#bound(capture.flush(), options.signal);
    await this.#bound(this.#path.flush(), options.signal);
    const stats = this.#host?.stats();
    if (stats === undefined || stats.acknowledgedPosition >= stats.capturedPosition) return;
    await this.#flushes.wait(stats.capturedPosition, (done) => this.#bound(done, options.signal));
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
    const { level, timeline } = this.#path;
    const { driftPpm } = timeline;
    return toStreamStats(this.#host?.stats(), this.#resolved.format.sampleRate, { level, driftPpm });
  }

  /**
   * When the sample at `position` was captured, on the `performance.now()` clock: ties a caption's `audio.from` to what the
   * page showed then. `undefined` before the first frame.
   */
  toPageTime(position: number): DOMHighResTimeStamp | undefined {
    return this.#path.timeline.toPageTime(position);
  }

  /** Everything the stream holds now: each resource's name, the part that owns it, and its age. Empty when it has ended. */
  resources(): ResourceInfo[] {
    return [...this.#scope.resources(), ...this.#callerScope.resources()].sort((a, b) => b.ageMs - a.ageMs);
  }

  /** Messages of the server, from now until the stream ends. A reader who leaves 10,000 unread gets an error. */
  messages(options: AbortOptions = {}): AsyncIterableIterator<Message> {
    const reader = this.#readers.add(options.signal);
    if (this.#info !== undefined) reader.close();
    return reader;
  }

  // ---------------------------------------------------------------- source

  /** From now on the stream can be forgotten, and its caller's signal can end it. */
  #live(): void {
    if (this.#alive) return;
    this.#alive = true;
    this.#guard.watch(this);
    this.#callerScope.follow(this.#options.signal, (reason) => this.abort(reason));
  }

  #begin(): void {
    this.#refresh();
    const host = mainHost({
      session: this.#resolved.session,
      exclusive: this.#options.sessionId !== undefined,
      clock: systemClock,
      scope: this.#scope.child("session"),
      transport: this.#relay.transport,
      getToken: this.#options.getToken && this.#relay.getToken,
      ...this.#relay.host,
    });
    this.#host = host;
    this.#path.start();
    this.#room.changed();
    this.#open().then(
      () => {
        host.start();
        this.#watchForAudio();
      },
      () => {},
    );
  }

  /** Opens the source, once. @throws what it threw, which ends the stream. */
  #open(): Promise<void> {
    this.#opening ??= this.#openSource().catch((error: unknown) => {
      if (!this.#captureScope.signal.aborted) this.#fail(toStreamError(error));
      throw error;
    });
    return this.#opening;
  }

  async #openSource(): Promise<void> {
    const scope = this.#captureScope;
    const { signal } = scope;
    signal.throwIfAborted();
    // The source comes first: what needs the person's gesture may not wait.
    const opening = this.#parts.source.open({
      signal,
      scope,
      format: this.#path.sourceFormat,
      frameDurationMs: this.#resolved.frameDurationMs,
      ...this.#relay.source,
    });
    // A custom source may ignore the signal; what it opens too late is stopped.
    opening.then(
      (late) => signal.aborted && scope.defer("late capture", () => late.stop()),
      () => {},
    );
    const [capture] = await Promise.all([opening, this.#path.open(scope)]);
    signal.throwIfAborted();
    this.#capture = capture;
    this.#refresh();
  }

  #watchForAudio(): void {
    if (this.#hasAudio) return;
    const watchdog = this.#captureScope.timeout(FIRST_FRAME_TIMEOUT_MS, () => {
      if (!this.#hasAudio && !this.#paused) this.#fail(captureNeverStarted());
    });
    this.#start?.promise.then(watchdog.dispose, watchdog.dispose);
  }

  #onInterrupt(reason: InterruptReason | undefined): void {
    if (reason === this.#interruption) return;
    this.#interruption = reason;
    if (reason !== undefined) this.#path.still();
    this.#refresh();
    if (reason !== undefined) this.#warn(captureInterrupted(reason));
  }

  #onFrame(frame: CapturedFrame): void {
    this.#host?.send(frame);
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
        this.#onAcknowledged();
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
        this.#readers.push(event.message as Message);
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
        this.#onAcknowledged();
        return;
      case "ended":
        this.#finish({ outcome: "closed" });
        return;
      case "failed":
        this.#fail(event.error);
    }
  }

  /** The server has told what it has, by an acknowledgement or by where it goes on after a reconnection. */
  #onAcknowledged(): void {
    this.#flushes.acknowledged(this.#host?.stats().acknowledgedPosition ?? 0);
    this.#room.changed();
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
    return stateOf({
      ended: this.#info !== undefined,
      closing: this.#closing !== undefined,
      open: this.#capture !== undefined,
      started: this.#start !== undefined,
      everConnected: this.#everConnected,
      connected: this.#connected,
      hasAudio: this.#hasAudio,
      interrupted: this.#interruption !== undefined,
      paused: this.#paused,
    });
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
      await Promise.race([this.#path.flush(), late.promise]);
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
    this.#flushes.fail(reason);
    this.#readers.close();
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
