import type { AudioFrame, AudioSource, InterruptReason } from "../capture/source.js";
import type { AnyAudioStreamError, AudioStreamError } from "../errors.js";
import { FramePath } from "../frames/frame-path.js";
import { mainHost, type SessionHost } from "../host/main-host.js";
import { onPageGone } from "../host/page-watch.js";
import { withSignal } from "../internal/abort.js";
import { checkDeviceId } from "../internal/arguments.js";
import { asyncDispose } from "../internal/async-dispose.js";
import { systemClock } from "../internal/clock.js";
import { type Deferred, deferred } from "../internal/deferred.js";
import { LeakGuard } from "../internal/leak-guard.js";
import { type ResourceInfo, Scope } from "../internal/scope.js";
import { TypedEventTarget } from "../internal/typed-event-target.js";
import type { WireAudioFrame } from "../protocol/audio-frame.js";
import type { SessionEvent } from "../session/session-io.js";
import { type CloseInfo, nextState, type StreamState } from "../state.js";
import type { Transport } from "../transport/transport.js";
import { Backpressure } from "./backpressure.js";
import {
  type AudioStreamEventMap,
  CloseInfoEvent,
  DeviceChangeEvent,
  DropEvent,
  LevelEvent,
  type ServerEvent,
  WarningEvent,
} from "./events/events.js";
import { toStreamEvent } from "./events/session-events.js";
import { FlushWaiters } from "./flush-waiters.js";
import { debugLogger, guardedLogger, type Logger } from "./logger.js";
import { MessageReaders } from "./message-readers.js";
import { checkedClose, readOrRefuse, releasesDevice, signalOf } from "./options/call-options.js";
import { DEFAULTS } from "./options/defaults.js";
import type { AbortOptions, AudioStreamOptions, CloseOptions, PauseOptions } from "./options/options.js";
import { checkParts, type ResolvedOptions, resolveOptions } from "./options/resolve-options.js";
import { doneWithin } from "./source/calls.js";
import { addDrop } from "./source/late-drops.js";
import type { SourceSupervisor } from "./source/source-supervisor.js";
import { StreamSource } from "./source/stream-source.js";
import { type StreamStats, toStreamStats } from "./stats.js";
import { adviceWarning, captureInterrupted, invalidState, noDevices, toStreamError } from "./stream-errors.js";
import { streamScope } from "./stream-scope.js";
import { relayTo, type StreamReactions } from "./weak-observer.js";

/** An encoder that needs longer for what it holds, in milliseconds, does not keep a pause waiting. */
const FLUSH_TIMEOUT_MS = 1_000;

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
  readonly #logger: Logger;
  /** What is acquired. Nothing in it refers to the stream, so that a forgotten one can be noticed. */
  readonly #scope: Scope;
  /** Listeners on the signals of the caller, who has not forgotten the stream while a signal can still end it. */
  readonly #callerScope = new Scope({ name: "caller" });
  readonly #guard: LeakGuard;
  /** Held by the stream alone: what it acquired calls them through {@link relayTo}. */
  readonly #reactions: StreamReactions = {
    onFrame: (frame) => this.#hear(frame),
    whenRoom: () => this.#backpressure.wait(),
    onInterrupt: (reason) => this.#onInterrupt(reason),
    onDeviceChange: (track, reason) => {
      this.#path.deviceChanged();
      this.#tell(new DeviceChangeEvent({ track, reason }));
    },
    onWarning: (error) => this.#warn(error),
    onEnd: (error) => this.#onSourceEnd(error),
    onSourceChange: () => this.#onSourceChange(),
    onSourcePaused: async () => void (await doneWithin(this.#source.scope, FLUSH_TIMEOUT_MS, this.#path.flush())),
    onSourceStuck: (error) => this.#warn(toStreamError(error)),
    onSessionEvent: (event) => this.#onSessionEvent(event),
    onPageGone: () => this.abort(new DOMException("The page went away.", "AbortError")),
    connect: (options) => this.#parts.transport.connect(options),
    // Asked only where there is one. The driver checks what it returns, which is not always what its type says.
    getToken: (context) => this.#options.getToken?.(context) as string | Promise<string>,
  };
  readonly #relay = relayTo(this.#reactions);
  readonly #closed = deferred<CloseInfo>();
  readonly #flushes = new FlushWaiters();
  readonly #readers: MessageReaders<Message>;
  readonly #path: FramePath;
  readonly #backpressure: Backpressure;
  readonly #source: StreamSource;
  #host: SessionHost | undefined;
  #start: Deferred<void> | undefined;
  /** Set once nothing more is captured: what is there is delivered. With an error, the source has ended by itself. */
  #ending: { readonly error: AnyAudioStreamError | undefined } | undefined;
  #closing: Promise<void> | undefined;
  #info: CloseInfo | undefined;
  /** Losses that came to light while everything was released; `undefined` once that is over, and nothing can be lost. */
  #lateDrops: DropEvent[] | undefined = [];
  #alive = false;
  #state: StreamState = "idle";
  #interruption: InterruptReason | undefined;
  #hasAudio = false;
  #connected = false;
  #everConnected = false;

  /** @throws TypeError or RangeError naming the part or the option that cannot be. */
  constructor(parts: AudioStreamParts, options: AudioStreamOptions = {}) {
    super();
    checkParts(parts);
    this.#parts = parts;
    this.#options = options;
    this.#resolved = resolveOptions(options, Math.random);
    const logger = options.logger ?? debugLogger();
    this.#logger = guardedLogger(() => logger);
    const { scope, releaseForgotten } = streamScope(logger);
    this.#scope = scope;
    this.#guard = new LeakGuard(releaseForgotten);
    this.#readers = new MessageReaders(this.#callerScope, (message) => void this.#guard.hold(this, message));
    this.#path = new FramePath(this.#resolved, {
      onFrame: (frame) => this.#onFrame(frame),
      onLevel: (level) => this.#tell(new LevelEvent(level)),
      onAdvice: (advice) => this.#warn(adviceWarning(advice)),
      onLost: (range) => this.#host?.discard(range),
      onError: (error) => this.#onSourceEnd(error),
    });
    this.#backpressure = new Backpressure(this.#resolved, this.#path, () => this.#host?.stats());
    this.#source = new StreamSource({
      scope,
      callers: this.#callerScope,
      supervisor: this.#relay.supervisor,
      prepare: (own) => this.#path.open(own),
      open: (own) =>
        parts.source.open({
          ...own,
          format: this.#path.sourceFormat,
          frameDurationMs: this.#resolved.frameDurationMs,
          ...this.#relay.source,
        }),
      release: (reason) => parts.source.release?.(reason),
      onOpen: () => this.#refresh(),
      onFailed: (error) => this.#fail(toStreamError(error)),
      onCancelled: () => this.#path.clear(),
    });
  }

  /** What the stream is doing; each change fires `statechange`. */
  get state(): StreamState {
    return this.#state;
  }

  /** Whether the source has stopped capturing because of a {@link pause}, whatever the connection does. */
  get paused(): boolean {
    return this.#source.paused;
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
    return this.#source.track;
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
   * is sent. The browser shows its recording indicator from now on. Nothing leaves the page before the start. Aborting the
   * signal while the source opens gives it back, unless another call waits for it.
   * @throws AudioStreamError when the source cannot be opened, which ends the stream.
   */
  async warmUp(options: AbortOptions = {}): Promise<void> {
    const signal = signalOf(options);
    if (this.#info !== undefined) throw this.#endReason();
    if (this.#ending !== undefined) throw invalidState("warmUp()", this.#state);
    this.#live();
    await this.#bound(this.#source.open(signal), undefined);
  }

  /**
   * Opens the source, then the connection. Call it in a click handler, so that the browser lets audio run.
   * Resolves when audio flows and the server has answered. A second call returns the first one's promise; aborting
   * its signal aborts the stream, since half a start is of no use.
   * @throws AudioStreamError when the source cannot be opened, the server refuses, or the retries are used up.
   */
  start(options: AbortOptions = {}): Promise<void> {
    const { signal, refused } = readOrRefuse(() => ({ signal: signalOf(options) }));
    if (refused !== undefined) return refused;
    if (this.#info !== undefined) return Promise.reject(this.#endReason());
    if (this.#ending !== undefined) return Promise.reject(invalidState("start()", this.#state));
    const isFirst = this.#start === undefined;
    this.#start ??= deferred();
    const promise = this.#guard.hold(this, this.#start.promise);
    this.#live();
    const abortWithCall = this.#callerScope.follow(
      signal,
      (reason) => ["idle", "warm", "starting"].includes(this.#state) && this.abort(reason),
    );
    // A signal that had aborted already has ended the stream by now.
    if (isFirst && this.#info === undefined) this.#begin();
    promise.then(abortWithCall.dispose, abortWithCall.dispose);
    return signal === undefined ? promise : withSignal(promise, signal);
  }

  /**
   * Stops capturing; what was captured is still sent. Positions count on without a gap after {@link resume}. Of this and
   * `resume()` the last call decides; the promise of one that it overtakes rejects with an `AbortError`. Aborting the
   * signal before the source has paused lets it go on.
   * @throws AudioStreamError `invalid-state` before the source is open and after the end.
   */
  async pause(options: PauseOptions = {}): Promise<void> {
    const releaseDevice = releasesDevice(options);
    const { supervisor, signal } = this.#running("pause()", options);
    await this.#bound(supervisor.pause(releaseDevice, signal), undefined);
  }

  /**
   * Captures again, after acquiring the device again if it was released. Aborting the signal leaves the stream paused, and
   * a device that is granted later is let go.
   */
  async resume(options: AbortOptions = {}): Promise<void> {
    const { supervisor, signal } = this.#running("resume()", options);
    await this.#bound(supervisor.resume(signal), undefined);
  }

  /**
   * Captures from another device from now on, the browser's choice with `undefined`; the one in use is let go once the
   * other delivers, and positions go on. A choice made while the device is released holds from the resumption on.
   * @throws AudioStreamError when the device cannot be had (the one in use goes on), `unsupported` if the source has none.
   */
  async setDevice(deviceId: ConstrainDOMString | undefined, options: AbortOptions = {}): Promise<void> {
    checkDeviceId(deviceId);
    const { supervisor, signal } = this.#running("setDevice()", options);
    if (!supervisor.hasDevices) throw noDevices();
    await this.#bound(supervisor.setDevice(deviceId, signal), undefined);
  }

  /** Resolves when the server has acknowledged every frame captured before the call. */
  async flush(options: AbortOptions = {}): Promise<void> {
    const { supervisor, signal } = this.#running("flush()", options);
    await this.#bound(supervisor.flush(), signal);
    await this.#bound(this.#path.flush(), signal);
    const stats = this.#host?.stats();
    if (stats === undefined || stats.settledPosition >= stats.capturedPosition) return;
    await this.#flushes.wait(stats.capturedPosition, (done) => this.#bound(done, signal));
  }

  /**
   * Stops capturing, sends everything, waits for the last captions, says goodbye and releases. Idempotent. Aborting the
   * signal ends the wait for it; the stream goes on closing.
   * @throws AudioStreamError `close-timeout` when the server does not confirm in time; everything is released all the same.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { signal, timeoutMs, refused } = readOrRefuse(() => checkedClose(options));
    if (refused !== undefined) return refused;
    if (this.#closing === undefined) {
      this.#closing = this.#closed.promise.then((info) => {
        if (info.outcome === "failed") throw info.error;
        if (info.outcome === "aborted") throw info.reason;
      });
      // Whoever ignores this promise still has `closed` and the `close` event.
      this.#guard.hold(this, this.#closing).catch(() => {});
      this.#deliver(timeoutMs, undefined);
    }
    return signal === undefined ? this.#closing : withSignal(this.#closing, signal);
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
    return toStreamStats(this.#host?.stats(), this.#resolved.format.sampleRate, { level, driftPpm: timeline.driftPpm });
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
    const reader = this.#readers.add(signalOf(options));
    if (this.#info !== undefined) reader.close();
    return reader;
  }

  // ---------------------------------------------------------------- source

  /** From now on the stream can be forgotten, and its caller's signal can end it. */
  #live(): void {
    if (this.#alive) return;
    this.#alive = true;
    this.#guard.watch(this);
    onPageGone(this.#scope, this.#relay.onPageGone);
    this.#callerScope.follow(this.#options.signal, (reason) => this.abort(reason));
  }

  #begin(): void {
    this.#refresh();
    // A listener may have ended the stream.
    if (this.#info !== undefined) return;
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
    this.#backpressure.changed();
    // The source comes first: what needs the person's gesture may not wait.
    this.#source.open(undefined).then(
      () => host.start(),
      () => {},
    );
  }

  #hear(frame: AudioFrame): void {
    if (this.#source.listening) this.#path.push(frame);
    else if (this.#lateDrops !== undefined) this.#path.refuse(frame);
  }

  #onSourceChange(): void {
    if (this.paused) this.#path.still();
    this.#refresh();
  }

  /** What it gave is delivered all the same: the session is well. */
  #onSourceEnd(error: AudioStreamError): void {
    const failure = toStreamError(error);
    if (this.#ending === undefined) this.#deliver(DEFAULTS.close.timeoutMs, failure);
    else this.#logger.warn("The source ended while the stream was closing.", { code: failure.code });
  }

  #onInterrupt(reason: InterruptReason | undefined): void {
    if (reason === this.#interruption) return;
    this.#interruption = reason;
    if (reason !== undefined) this.#path.still();
    this.#refresh();
    if (reason !== undefined) this.#warn(captureInterrupted(reason));
  }

  #onFrame(frame: WireAudioFrame): void {
    this.#host?.send(frame);
    this.#backpressure.changed();
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
        break;
      case "reconnecting":
        this.#connected = false;
        this.#refresh();
        break;
      case "warning":
        this.#warn(event.error);
        return;
      case "acknowledged":
        this.#onAcknowledged();
        return;
      case "ended":
        this.#finish(this.#endOf(undefined));
        return;
      case "failed":
        this.#finish(this.#endOf(event.error));
        return;
    }
    const heard = toStreamEvent(event, this.#resolved.format.sampleRate);
    if (heard !== undefined) this.#tell(heard);
    if (event.type === "message") this.#readers.push(event.message as Message);
  }

  /** A source that ended badly is the reason of the end, whatever became of the delivery. */
  #endOf(failure: AudioStreamError | undefined): CloseInfo {
    const error = this.#ending?.error ?? (failure && toStreamError(failure));
    if (failure !== undefined && error !== failure) {
      this.#logger.warn("What the source gave before it ended was not all delivered.", { code: failure.code });
    }
    return error === undefined ? { outcome: "closed" } : { outcome: "failed", error };
  }

  /** The server has told what it has, by an acknowledgement or by where it goes on after a reconnection. */
  #onAcknowledged(): void {
    this.#flushes.acknowledged(this.#host?.stats().settledPosition ?? 0);
    this.#backpressure.changed();
  }

  #warn(error: AudioStreamError): void {
    this.#logger.warn(error.message, { code: error.code });
    this.#tell(new WarningEvent(toStreamError(error)));
  }

  /** After the end only losses are told, once everything is released. */
  #tell(event: Event): void {
    if (this.#info === undefined) this.dispatchEvent(event);
    else if (event instanceof DropEvent && this.#lateDrops !== undefined) addDrop(this.#lateDrops, event);
  }

  // ---------------------------------------------------------------- state

  #refresh(): void {
    for (let state = this.#nextState(); state !== this.#state; state = this.#nextState()) {
      this.#state = state;
      if (this.#isStarted) this.#start?.resolve();
      this.dispatchEvent(new Event("statechange"));
    }
  }

  #nextState(): StreamState {
    return nextState(this.#state, {
      ended: this.#info !== undefined,
      closing: this.#ending !== undefined,
      open: this.#source.supervisor !== undefined,
      started: this.#start !== undefined,
      everConnected: this.#everConnected,
      connected: this.#connected,
      hasAudio: this.#hasAudio,
      interrupted: this.#interruption !== undefined,
      paused: this.paused,
    });
  }

  get #isStarted(): boolean {
    return ["streaming", "paused", "interrupted", "reconnecting"].includes(this.#state);
  }

  /** @throws AudioStreamError `invalid-state`, or TypeError for a signal that is none. */
  #running(call: string, options: AbortOptions): { supervisor: SourceSupervisor; signal: AbortSignal | undefined } {
    const signal = signalOf(options);
    const { supervisor } = this.#source;
    if (supervisor === undefined || this.#info !== undefined || this.#ending !== undefined) {
      throw invalidState(call, this.#state);
    }
    signal?.throwIfAborted();
    return { supervisor, signal };
  }

  /** Waits no longer than the call's signal and the stream allow. */
  #bound<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return withSignal(withSignal(promise, signal), this.#scope.signal);
  }

  // ---------------------------------------------------------------- end

  /** Nothing more is captured; what is there is sent within the time. @param error why the source ended by itself. */
  #deliver(timeoutMs: number, error: AnyAudioStreamError | undefined): void {
    if (this.#info !== undefined || this.#ending !== undefined) return;
    const host = this.#host;
    const isNothing = host === undefined || (error !== undefined && host.stats().samplesCaptured === 0);
    if (isNothing) {
      this.#finish(error === undefined ? { outcome: "closed" } : { outcome: "failed", error });
      return;
    }
    this.#ending = { error };
    this.#refresh();
    void this.#sendLast(host, timeoutMs);
  }

  async #sendLast(host: SessionHost, timeoutMs: number): Promise<void> {
    const deadline = systemClock.now() + timeoutMs;
    const error = this.#ending?.error;
    // One that ended by itself has released everything, and is not told to stop.
    if (error !== undefined) this.#source.end(error);
    try {
      await this.#source.stop(timeoutMs / 2, () => this.#path.flush());
    } catch (cause) {
      if (this.#info !== undefined) return;
      this.#logger.warn("The capture did not stop well; its last audio may be missing.", { error: cause });
    }
    this.#path.abandon();
    host.end(Math.max(0, deadline - systemClock.now()));
  }

  #fail(error: AudioStreamError): void {
    this.#finish({ outcome: "failed", error: toStreamError(error) });
  }

  #finish(info: CloseInfo): void {
    if (this.#info !== undefined) return;
    this.#info = info;
    const reason = this.#endReason();
    this.#source.end(reason);
    this.#path.abandon();
    const released = this.#scope.dispose(reason);
    void this.#callerScope.dispose(reason);
    this.#guard.release();
    this.#start?.reject(reason);
    this.#flushes.fail(reason);
    this.#readers.close();
    this.#refresh();
    void released.then(() => {
      for (const event of this.#lateDrops?.splice(0) ?? []) this.dispatchEvent(event);
      this.#lateDrops = undefined;
      this.dispatchEvent(new CloseInfoEvent(info));
      this.#closed.resolve(info);
    });
  }

  #endReason(): unknown {
    if (this.#info?.outcome === "failed") return this.#info.error;
    if (this.#info?.outcome === "aborted") return this.#info.reason;
    return invalidState("This call", "closed");
  }
}
