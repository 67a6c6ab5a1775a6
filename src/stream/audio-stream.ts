import type { AnyAudioStreamError } from "../errors.js";
import { routeOf } from "../host/open-host.js";
import { withSignal } from "../internal/abort.js";
import { checkDeviceId, optional } from "../internal/arguments.js";
import { asyncDispose } from "../internal/async-dispose.js";
import { deferred } from "../internal/deferred.js";
import { LeakGuard } from "../internal/leak-guard.js";
import type { ResourceInfo } from "../internal/resource-reports.js";
import { Scope } from "../internal/scope.js";
import { TypedEventTarget } from "../internal/typed-event-target.js";
import type { CloseInfo, ConnectionState, StreamState } from "../state.js";
import { applicationCalls } from "./application-calls.js";
import { type AudioStreamEventMap, CloseInfoEvent, type ServerEvent, StreamErrorEvent } from "./events/events.js";
import { debugLogger, dispatchOrShow } from "./logger.js";
import { MessageReaders } from "./message-readers.js";
import { checkedClose, readOrRefuse, releasesDevice, signalOf } from "./options/call-options.js";
import type { AbortOptions, AudioStreamOptions, CloseOptions, PauseOptions } from "./options/options.js";
import { type ResolvedOptions, resolveOptions } from "./options/resolve-options.js";
import { type AudioStreamParts, checkParts } from "./options/stream-parts.js";
import type { RunObserver } from "./run-observer.js";
import { StartCall } from "./start-call.js";
import { type StreamStats, streamStats } from "./stats.js";
import { noDevices, throwUnlessClosed } from "./stream-errors.js";
import { StreamRun } from "./stream-run.js";
import { streamScope } from "./stream-scope.js";

/**
 * Carries audio from a source to a server, keeps it until the server has it, and lets go of everything when it ends.
 * Nothing happens before {@link AudioStream.start}.
 */
export class AudioStream<Message = ServerEvent>
  extends TypedEventTarget<AudioStreamEventMap<Message>>
  implements AsyncDisposable
{
  readonly #options: AudioStreamOptions;
  readonly #resolved: ResolvedOptions;
  /** Owns what is acquired. Nothing in it refers to the stream, so that a forgotten one can be noticed. */
  readonly #scope: Scope;
  /** Listeners on the signals of the caller, who has not forgotten the stream while a signal can still end it. */
  readonly #callers = new Scope({ name: "caller" });
  readonly #guard: LeakGuard;
  /** Held here alone: what runs refers to it weakly. */
  readonly #observer: RunObserver;
  readonly #run: StreamRun;
  readonly #closed = deferred<CloseInfo>();
  readonly #readers: MessageReaders<Message>;
  #start: StartCall | undefined;
  #closing: Promise<void> | undefined;
  #alive = false;
  /** Types of events that somebody has listened to. */
  readonly #heard = new Set<string>();

  /** @throws TypeError or RangeError naming the part or the option that cannot be. */
  constructor(parts: AudioStreamParts, options: AudioStreamOptions = {}) {
    super((type) => {
      if (type === "level") this.#run.running.wantLevels();
      this.#heard.add(type);
    });
    this.#options = options;
    this.#resolved = resolveOptions(options, Math.random);
    checkParts(parts, this.#resolved);
    const { scope, logger, releaseForgotten } = streamScope(options.logger ?? debugLogger());
    this.#scope = scope;
    this.#guard = new LeakGuard(releaseForgotten);
    this.#readers = new MessageReaders(this.#callers, (message) => void this.#guard.hold(this, message));
    this.#observer = {
      ...applicationCalls(parts, options),
      onState: () => this.#onState(),
      onEvent: (event) => dispatchOrShow(event, this, this.#heard, options.logger),
      onMessage: (message) => this.#readers.push(message as Message),
      onFinish: (reason) => this.#onFinish(reason),
      onGone: () => this.#closed.resolve(this.#run.info as CloseInfo),
      onReleased: (info) => {
        this.dispatchEvent(new CloseInfoEvent(info));
        this.#closed.resolve(info);
      },
    };
    const [route, isExclusive] = [routeOf(parts.transport), options.sessionId !== undefined];
    this.#run = new StreamRun({ options: this.#resolved, route, scope, logger, isExclusive }, this.#observer);
  }

  /** What the stream is doing; each change fires `statechange`. */
  get state(): StreamState {
    return this.#run.state;
  }

  /** Whether there is a connection, whatever the microphone does; each change fires `connectionstatechange`. */
  get connectionState(): ConnectionState {
    return this.#run.connectionState;
  }

  /** Why the stream failed; `undefined` as long as it has not. */
  get error(): AnyAudioStreamError | undefined {
    return this.#run.error;
  }

  /** Whether the source has stopped capturing because of a {@link pause}, whatever the connection does. */
  get paused(): boolean {
    return this.#run.source.paused;
  }

  /**
   * Whether silence is sent instead of what the microphone hears. The device is kept, positions and acknowledgements go on,
   * and the server sees what is muted. May be set at any time, and stays through every reconnection and change of device.
   */
  get muted(): boolean {
    return this.#run.running.muted;
  }

  /** Sends silence from now on, or sound again. */
  set muted(muted: boolean) {
    this.#run.running.muted = muted;
  }

  /** The captured track, for `getSettings()`; `undefined` until started. */
  get track(): MediaStreamTrack | undefined {
    return this.#run.source.track;
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
    if (this.#run.isEnding) throw this.#run.refusalOf("warmUp()");
    this.#live();
    await this.#run.bound(this.#run.source.open(signal), undefined);
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
    if (this.#run.isEnding) return Promise.reject(this.#run.refusalOf("start()"));
    const isFirst = this.#start === undefined;
    this.#start ??= new StartCall();
    this.#live();
    const abortWithCall = this.#callers.follow(
      signal,
      (reason) => ["idle", "warm", "starting"].includes(this.state) && this.abort(reason),
    );
    // A signal that had aborted already has ended the stream by now.
    if (isFirst && this.#run.info === undefined) this.#run.start();
    void this.#guard.hold(this, this.#start.done).then(abortWithCall.dispose);
    return withSignal(this.#start.promise, signal);
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
    await this.#run.bound(supervisor.pause(releaseDevice, signal), undefined);
  }

  /** Captures again, with the device acquired anew if it was released. Aborting the signal leaves the stream paused. */
  async resume(options: AbortOptions = {}): Promise<void> {
    const { supervisor, signal } = this.#running("resume()", options);
    await this.#run.bound(supervisor.resume(signal), undefined);
  }

  /**
   * Captures from another device from now on, the browser's choice with `undefined`; the one in use is let go once the
   * other delivers, and positions go on. A choice made while the device is released holds from the resumption on.
   * @throws AudioStreamError when the device cannot be had (the one in use goes on), `unsupported` if the source has none.
   */
  async setDevice(deviceId: ConstrainDOMString | undefined, options: AbortOptions = {}): Promise<void> {
    optional(checkDeviceId)("deviceId", deviceId);
    const { supervisor, signal } = this.#running("setDevice()", options);
    if (!supervisor.hasDevices) throw noDevices();
    await this.#run.bound(supervisor.setDevice(deviceId, signal), undefined);
  }

  /** Resolves when the server has acknowledged every frame captured before the call. */
  async flush(options: AbortOptions = {}): Promise<void> {
    const { supervisor, client, signal } = this.#running("flush()", options);
    await this.#run.bound(supervisor.flush(), signal);
    const { capturedPosition } = await this.#run.bound(client.flush(), signal);
    await client.whenSettled(capturedPosition, (done) => this.#run.bound(done, signal));
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
      this.#closing = this.#closed.promise.then(throwUnlessClosed);
      // An application that ignores this promise still has `closed` and the `close` event.
      this.#guard.hold(this, this.#closing).catch(() => {});
      this.#run.deliver(timeoutMs, undefined);
    }
    return withSignal(this.#closing, signal);
  }

  /**
   * Connects now instead of after the delay that a `reconnecting` event names, and looks whether a connection still lives.
   * Time that the server has asked for is waited for all the same, and there are at most ten attempts in two minutes.
   */
  retryNow(): void {
    this.#run.running.client?.retryNow();
  }

  /** Releases everything before it returns; unacknowledged audio is discarded. Idempotent. */
  abort(reason: unknown = new DOMException("The stream was aborted.", "AbortError")): void {
    this.#run.abort(reason);
  }

  /** Closes like {@link close}; how that went is in {@link closed}. */
  async [asyncDispose](): Promise<void> {
    await this.close().catch(() => {});
    await this.#closed.promise;
  }

  /** Figures since the start. They only grow, and survive reconnects. */
  async getStats(): Promise<StreamStats> {
    return streamStats(this.#run.running.client, this.#resolved.format.sampleRate);
  }

  /**
   * When the sample at `position` was captured, on the `performance.now()` clock: ties a caption's `audio.from` to what the
   * page showed then. `undefined` before the first frame.
   */
  toPageTime(position: number): DOMHighResTimeStamp | undefined {
    return this.#run.running.client?.timeline.toPageTime(position);
  }

  /** Everything the stream holds now: each resource's name, the part that owns it, and its age. Empty when it has ended. */
  resources(): ResourceInfo[] {
    return [...this.#scope.resources(), ...this.#callers.resources()].sort((a, b) => b.ageMs - a.ageMs);
  }

  /** Messages of the server, from now until the stream ends. A reader who leaves 10,000 unread gets an error. */
  messages(options: AbortOptions = {}): AsyncIterableIterator<Message> {
    const reader = this.#readers.add(signalOf(options));
    if (this.#run.info !== undefined) reader.close();
    return reader;
  }

  /** From now on the stream can be forgotten, and its caller's signal can end it. */
  #live(): void {
    if (this.#alive) return;
    this.#alive = true;
    this.#guard.watch(this);
    this.#run.watchPage();
    this.#callers.follow(this.#options.signal, (reason) => this.abort(reason));
  }

  #onState(): void {
    if (["streaming", "paused", "interrupted", "reconnecting"].includes(this.state)) this.#start?.resolve();
    this.dispatchEvent(new Event("statechange"));
    if (this.state === "closed" && this.error !== undefined) this.dispatchEvent(new StreamErrorEvent(this.error));
  }

  #onFinish(reason: unknown): void {
    void this.#callers.dispose(reason);
    this.#guard.release();
    this.#start?.reject(reason, this.#heard.has("error") || this.error === undefined);
    this.#readers.close();
  }

  /** @throws AudioStreamError `invalid-state`, or TypeError for a signal that is none. */
  #running(call: string, options: AbortOptions) {
    const signal = signalOf(options);
    const open = this.#run.openFor(call);
    signal?.throwIfAborted();
    return { ...open, signal };
  }
}
