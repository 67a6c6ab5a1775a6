import type { AudioCapture, AudioFrame, InterruptReason, SourceOpenOptions } from "../capture/source.js";
import type { AnyAudioStreamError, AudioStreamError } from "../errors.js";
import { onPageGone } from "../host/page-watch.js";
import type { RunningClient, RunningNews } from "../host/running-client.js";
import { sourceFormat } from "../host/source-format.js";
import { withSignal } from "../internal/abort.js";
import { systemClock } from "../internal/clock.js";
import type { CloseInfo, ConnectionState, StreamState } from "../state.js";
import { DeviceChangeEvent, WarningEvent } from "./events/events.js";
import { FallbackNotice } from "./events/fallback-notice.js";
import { LateDrops } from "./events/late-drops.js";
import { toCaption, toStreamEvent } from "./events/session-events.js";
import { DEFAULTS } from "./options/defaults.js";
import { FORGOTTEN, type RunObserver } from "./run-observer.js";
import { Running, type RunningSideParts } from "./running.js";
import { doneWithin } from "./source/calls.js";
import type { SourceSupervisor } from "./source/source-supervisor.js";
import { StreamSource } from "./source/stream-source.js";
import { StateTracker } from "./state-tracker.js";
import { captureInterrupted, invalidState, toStreamError } from "./stream-errors.js";

/** An encoder that needs longer for what it holds, in milliseconds, does not keep a pause waiting. */
const FLUSH_TIMEOUT_MS = 1_000;
/** A running side that does not say for so long what it has got, in milliseconds, may have got something. */
const STATS_TIMEOUT_MS = 1_000;

/** What runs for a stream: its source, its frames and its session, from the opening to the release. It never holds the handle. */
export class StreamRun {
  readonly source: StreamSource;
  readonly running: Running;
  readonly #parts: RunningSideParts;
  readonly #observer: WeakRef<RunObserver>;
  #isStarted = false;
  /** Set once nothing more is captured: what is there is delivered. With an error, the source has ended by itself. */
  #ending: { readonly error: AnyAudioStreamError | undefined } | undefined;
  #info: CloseInfo | undefined;
  readonly #lateDrops = new LateDrops();
  readonly #fallback = new FallbackNotice((event) => this.#observer.deref()?.onEvent(event));
  readonly #tracker: StateTracker;
  #interruption: InterruptReason | undefined;

  constructor(parts: RunningSideParts, observer: RunObserver) {
    this.#parts = parts;
    this.#observer = new WeakRef(observer);
    this.running = new Running(parts, this.#observer, (news) => this.#onNews(news));
    this.#tracker = new StateTracker(
      () => ({
        ended: this.#info !== undefined,
        closing: this.#ending !== undefined,
        open: this.source.supervisor !== undefined,
        interrupted: this.#interruption !== undefined,
        paused: this.source.paused,
      }),
      () => {
        this.#observer.deref()?.onState();
        this.#fallback.enter(this.state);
      },
      () => this.#observer.deref()?.onEvent(new Event("connectionstatechange")),
    );
    this.source = new StreamSource({
      scope: parts.scope,
      supervisor: {
        onPaused: async () => void (await doneWithin(this.source.scope, FLUSH_TIMEOUT_MS, this.running.open().flush())),
        onChange: () => this.#onSourceChange(),
        onStuck: (error) => this.#warn(toStreamError(error)),
      },
      prepare: () => this.running.open().prepare(),
      open: (own) => this.#openSource(own),
      release: (reason) => this.#observer.deref()?.releaseSource(reason),
      onOpen: () => this.#tracker.refresh(),
      onFailed: (error) => this.finish({ outcome: "failed", error: toStreamError(error) }),
      onCancelled: () => this.running.close(),
    });
  }

  get state(): StreamState {
    return this.#tracker.state;
  }

  get connectionState(): ConnectionState {
    return this.#tracker.connectionState;
  }

  /** Why the stream failed, if it has. */
  get error(): AnyAudioStreamError | undefined {
    return this.#info?.outcome === "failed" ? this.#info.error : undefined;
  }

  /** How the stream ended, once it has. */
  get info(): CloseInfo | undefined {
    return this.#info;
  }

  /** Whether nothing more is captured. */
  get isEnding(): boolean {
    return this.#ending !== undefined || this.#info !== undefined;
  }

  /** Why a call can no longer be done. */
  get endReason(): unknown {
    if (this.#info?.outcome === "failed") return this.#info.error;
    if (this.#info?.outcome === "aborted") return this.#info.reason;
    return invalidState("This call", "closed");
  }

  /** Why a call cannot be done while the stream is ending, or has ended. */
  refusalOf(call: string): unknown {
    return this.#info === undefined ? invalidState(call, this.state) : this.endReason;
  }

  /** What a call needs that is for open streams. @throws AudioStreamError `invalid-state`. */
  openFor(call: string): { readonly supervisor: SourceSupervisor; readonly client: RunningClient } {
    const { supervisor } = this.source;
    const { client } = this.running;
    if (client === undefined || supervisor === undefined || this.isEnding) throw invalidState(call, this.state);
    return { supervisor, client };
  }

  /** Waits no longer than the signal of a call and the stream allow. */
  bound<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return withSignal(withSignal(promise, signal), this.#parts.scope.signal);
  }

  /** To be called before anything is acquired: from now on a page that goes away ends the stream, and leaves its journal. */
  watchPage(): void {
    onPageGone(this.#parts.scope, () => {
      this.finish({ outcome: "aborted", reason: new DOMException("The page went away.", "AbortError") });
      this.#observer.deref()?.onGone();
    });
  }

  /** Opens the source, and connects once it is open. */
  start(): void {
    this.#tracker.note({ started: true });
    if (this.#info !== undefined) return; // A listener may have ended the stream.
    this.#isStarted = true;
    const client = this.running.open();
    client.start();
    // The source comes first: what needs the person's gesture may not wait.
    this.source.open(undefined).then(
      () => client.connect(),
      () => {},
    );
  }

  /** Nothing more is captured; what is there is sent within the time. @param error why the source ended by itself. */
  deliver(timeoutMs: number, error: AnyAudioStreamError | undefined): void {
    if (this.isEnding) return;
    if (this.running.client === undefined || !this.#isStarted) {
      this.finish(error === undefined ? { outcome: "closed" } : { outcome: "failed", error });
      return;
    }
    this.#ending = { error };
    this.#tracker.refresh();
    void this.#sendLast(this.running.client, timeoutMs);
  }

  abort(reason: unknown): void {
    this.running.discardJournal();
    this.finish({ outcome: "aborted", reason });
  }

  /** Releases everything. */
  finish(info: CloseInfo): void {
    if (this.#info !== undefined) return;
    this.#info = info;
    const reason = this.endReason;
    // It must hear of the end, also if nobody else refers to it by then.
    const observer = this.#observer.deref();
    this.source.end(reason);
    const released = this.#parts.scope.dispose(reason);
    observer?.onFinish(reason);
    this.#tracker.refresh();
    void released.then(() => {
      for (const drop of this.#lateDrops.end()) observer?.onEvent(drop);
      observer?.onReleased(info);
    });
  }

  // ---------------------------------------------------------------- source

  #openSource(own: Pick<SourceOpenOptions, "signal" | "scope">): Promise<AudioCapture> {
    const client = this.running.open();
    const { frameDurationMs, format, gate } = this.#parts.options;
    const onFrame = (frame: AudioFrame): void => this.#hear(client, frame);
    return (this.#observer.deref() ?? FORGOTTEN).openSource({
      ...own,
      format: sourceFormat(format),
      frameDurationMs,
      gate,
      onFrame,
      inlet: client.inletFor(onFrame),
      whenRoom: () => client.whenRoom(),
      onInterrupt: (reason) => this.#onInterrupt(reason),
      onDeviceChange: (track, reason) => {
        client.deviceChanged();
        this.#tell(new DeviceChangeEvent({ track, reason }));
      },
      onWarning: (error) => this.#warn(error),
      onEnd: (error) => this.#onSourceEnd(error),
    });
  }

  #hear(client: RunningClient, frame: AudioFrame): void {
    if (this.source.listening || !this.#lateDrops.isOver) client.push(frame, this.source.listening);
  }

  #onSourceChange(): void {
    if (this.source.paused) this.running.client?.still();
    this.#tracker.refresh();
  }

  #onInterrupt(reason: InterruptReason | undefined): void {
    if (reason === this.#interruption) return;
    this.#interruption = reason;
    if (reason !== undefined) this.running.client?.still();
    this.#tracker.refresh();
    if (reason !== undefined) this.#warn(captureInterrupted(reason));
  }

  /** What it gave is delivered all the same: the session is well. */
  #onSourceEnd(error: AudioStreamError): void {
    const failure = toStreamError(error);
    if (this.#ending === undefined) this.deliver(DEFAULTS.close.timeoutMs, failure);
    else this.#parts.logger.warn("The source ended while the stream was closing.", { code: failure.code });
  }

  async #sendLast(client: RunningClient, timeoutMs: number): Promise<void> {
    const deadline = systemClock.now() + timeoutMs;
    const error = this.#ending?.error;
    // One that ended by itself has released everything, and is not told to stop.
    if (error !== undefined) this.source.end(error);
    try {
      await this.source.stop(timeoutMs / 2, async () => void (await client.flush()));
    } catch (cause) {
      if (this.#info !== undefined) return;
      this.#parts.logger.warn("The capture did not stop well; its last audio may be missing.", { error: cause });
    }
    if (error !== undefined && (await this.#hasCapturedNothing(client))) this.finish({ outcome: "failed", error });
    else client.end(Math.max(0, deadline - systemClock.now()));
  }

  async #hasCapturedNothing(client: RunningClient): Promise<boolean> {
    const asked = client.stats();
    const isTold = await doneWithin(this.#parts.scope, STATS_TIMEOUT_MS, asked).catch(() => true);
    return isTold && (await asked).samplesCaptured === 0;
  }

  // ---------------------------------------------------------------- running side

  #onNews(event: RunningNews): void {
    switch (event.type) {
      case "audio":
        this.#tracker.note({ hasAudio: true });
        return;
      case "source-failed":
        this.#onSourceEnd(event.error);
        return;
      case "connected":
        this.#tracker.note({ connected: true, everConnected: true });
        break;
      case "reconnecting":
        this.#tracker.note({ connected: false });
        break;
      case "warning":
        this.#warn(event.error);
        return;
      case "ended":
      case "failed":
        this.finish(this.#endOf("error" in event ? event.error : undefined));
        return;
    }
    const heard = toStreamEvent(event, this.#parts.options);
    if (heard !== undefined) this.#tell(heard);
    if (event.type !== "message") return;
    const caption = toCaption(event.message);
    if (caption !== undefined) this.#tell(caption);
    this.#observer.deref()?.onMessage(event.message);
  }

  /** A source that ended badly is the reason of the end, whatever became of the delivery. */
  #endOf(failure: AudioStreamError | undefined): CloseInfo {
    const error = this.#ending?.error ?? (failure && toStreamError(failure));
    if (failure !== undefined && error !== failure) {
      this.#parts.logger.warn("What the source gave before it ended was not all delivered.", { code: failure.code });
    }
    return error === undefined ? { outcome: "closed" } : { outcome: "failed", error };
  }

  #warn(error: AudioStreamError): void {
    this.#parts.logger.warn(error.message, { code: error.code });
    this.#tell(new WarningEvent(toStreamError(error)));
  }

  /** After the end only losses are told, once everything is released. */
  #tell(event: Event): void {
    if (this.#info !== undefined) this.#lateDrops.add(event);
    else if (!this.#fallback.hold(event, this.state)) this.#observer.deref()?.onEvent(event);
  }
}
