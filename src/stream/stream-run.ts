import type { AudioCapture, AudioFrame, InterruptReason, SourceOpenOptions } from "../capture/source.js";
import type { AnyAudioStreamError, AudioStreamError } from "../errors.js";
import { FramePath } from "../frames/frame-path.js";
import { mainHost, type SessionHost } from "../host/main-host.js";
import { onPageGone } from "../host/page-watch.js";
import { systemClock } from "../internal/clock.js";
import type { Scope } from "../internal/scope.js";
import type { WireAudioFrame } from "../protocol/audio-frame.js";
import type { SessionEvent, SessionStats } from "../session/session-io.js";
import type { CloseInfo, StreamState } from "../state.js";
import { Backpressure } from "./backpressure.js";
import { DeviceChangeEvent, LevelEvent, WarningEvent } from "./events/events.js";
import { LateDrops } from "./events/late-drops.js";
import { toStreamEvent } from "./events/session-events.js";
import type { Logger } from "./logger.js";
import { DEFAULTS } from "./options/defaults.js";
import type { ResolvedOptions } from "./options/resolve-options.js";
import { FORGOTTEN, type RunObserver } from "./run-observer.js";
import { doneWithin } from "./source/calls.js";
import { StreamSource } from "./source/stream-source.js";
import { StateTracker } from "./state-tracker.js";
import { adviceWarning, captureInterrupted, invalidState, toStreamError } from "./stream-errors.js";

/** An encoder that needs longer for what it holds, in milliseconds, does not keep a pause waiting. */
const FLUSH_TIMEOUT_MS = 1_000;

/** What a {@link StreamRun} is made with. */
export interface RunParts {
  readonly options: ResolvedOptions;
  /** Owns everything that is acquired. */
  readonly scope: Scope;
  readonly logger: Logger;
  /** Whether no other tab may hold the session. */
  readonly isExclusive: boolean;
  /** Whether connections need a token. */
  readonly asksForToken: boolean;
}

/** What runs for a stream: its source, its frames and its session, from the opening to the release. It never holds the handle. */
export class StreamRun {
  readonly path: FramePath;
  readonly source: StreamSource;
  readonly #parts: RunParts;
  readonly #observer: WeakRef<RunObserver>;
  readonly #backpressure: Backpressure;
  #host: SessionHost | undefined;
  /** Set once nothing more is captured: what is there is delivered. With an error, the source has ended by itself. */
  #ending: { readonly error: AnyAudioStreamError | undefined } | undefined;
  #info: CloseInfo | undefined;
  readonly #lateDrops = new LateDrops();
  readonly #tracker: StateTracker;
  #interruption: InterruptReason | undefined;

  constructor(parts: RunParts, observer: RunObserver) {
    const { options, scope } = parts;
    this.#parts = parts;
    this.#observer = new WeakRef(observer);
    this.#tracker = new StateTracker(
      () => ({
        ended: this.#info !== undefined,
        closing: this.#ending !== undefined,
        open: this.source.supervisor !== undefined,
        interrupted: this.#interruption !== undefined,
        paused: this.source.paused,
      }),
      () => this.#observer.deref()?.onState(),
    );
    this.path = new FramePath(options, {
      onFrame: (frame) => this.#onFrame(frame),
      onLevel: (level) => this.#tell(new LevelEvent(level)),
      onAdvice: (advice) => this.#warn(adviceWarning(advice)),
      onLost: (range) => this.#host?.discard(range),
      onError: (error) => this.#onSourceEnd(error),
    });
    this.#backpressure = new Backpressure(options, this.path, () => this.#host?.stats());
    this.source = new StreamSource({
      scope,
      supervisor: {
        onPaused: async () => void (await doneWithin(this.source.scope, FLUSH_TIMEOUT_MS, this.path.flush())),
        onChange: () => this.#onSourceChange(),
        onStuck: (error) => this.#warn(toStreamError(error)),
      },
      prepare: (own) => this.path.open(own),
      open: (own) => this.#openSource(own),
      release: (reason) => this.#observer.deref()?.releaseSource(reason),
      onOpen: () => this.#tracker.refresh(),
      onFailed: (error) => this.finish({ outcome: "failed", error: toStreamError(error) }),
      onCancelled: () => this.path.clear(),
    });
  }

  get state(): StreamState {
    return this.#tracker.state;
  }

  /** How the stream ended, once it has. */
  get info(): CloseInfo | undefined {
    return this.#info;
  }

  /** Whether nothing more is captured. */
  get isEnding(): boolean {
    return this.#ending !== undefined || this.#info !== undefined;
  }

  /** `undefined` before the start. */
  get stats(): SessionStats | undefined {
    return this.#host?.stats();
  }

  /** Why a call can no longer be done. */
  get endReason(): unknown {
    if (this.#info?.outcome === "failed") return this.#info.error;
    if (this.#info?.outcome === "aborted") return this.#info.reason;
    return invalidState("This call", "closed");
  }

  /** To be called before anything is acquired: from now on a page that goes away ends the stream. */
  watchPage(): void {
    onPageGone(this.#parts.scope, () => this.abort(new DOMException("The page went away.", "AbortError")));
  }

  /** Opens the source, and connects once it is open. */
  start(): void {
    this.#tracker.note({ started: true });
    // A listener may have ended the stream.
    if (this.#info !== undefined) return;
    const { options, scope, isExclusive, asksForToken } = this.#parts;
    const host = mainHost({
      session: options.session,
      exclusive: isExclusive,
      clock: systemClock,
      scope: scope.child("session"),
      transport: { connect: (asked) => (this.#observer.deref() ?? FORGOTTEN).connect(asked) },
      getToken: asksForToken ? (context) => (this.#observer.deref() ?? FORGOTTEN).getToken(context) : undefined,
      onEvent: (event) => this.#onSessionEvent(event),
    });
    this.#host = host;
    this.path.start();
    this.#backpressure.changed();
    // The source comes first: what needs the person's gesture may not wait.
    this.source.open(undefined).then(host.start, () => {});
  }

  /** Nothing more is captured; what is there is sent within the time. @param error why the source ended by itself. */
  deliver(timeoutMs: number, error: AnyAudioStreamError | undefined): void {
    if (this.isEnding) return;
    const host = this.#host;
    const isNothing = host === undefined || (error !== undefined && host.stats().samplesCaptured === 0);
    if (isNothing) {
      this.finish(error === undefined ? { outcome: "closed" } : { outcome: "failed", error });
      return;
    }
    this.#ending = { error };
    this.#tracker.refresh();
    void this.#sendLast(host, timeoutMs);
  }

  abort(reason: unknown): void {
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
    this.path.abandon();
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
    return (this.#observer.deref() ?? FORGOTTEN).openSource({
      ...own,
      format: this.path.sourceFormat,
      frameDurationMs: this.#parts.options.frameDurationMs,
      onFrame: (frame) => this.#hear(frame),
      whenRoom: () => this.#backpressure.wait(),
      onInterrupt: (reason) => this.#onInterrupt(reason),
      onDeviceChange: (track, reason) => {
        this.path.deviceChanged();
        this.#tell(new DeviceChangeEvent({ track, reason }));
      },
      onWarning: (error) => this.#warn(error),
      onEnd: (error) => this.#onSourceEnd(error),
    });
  }

  #hear(frame: AudioFrame): void {
    if (this.source.listening) this.path.push(frame);
    else if (!this.#lateDrops.isOver) this.path.refuse(frame);
  }

  #onFrame(frame: WireAudioFrame): void {
    this.#host?.send(frame);
    this.#backpressure.changed();
    if (!this.#tracker.hasAudio) this.#tracker.note({ hasAudio: true });
  }

  #onSourceChange(): void {
    if (this.source.paused) this.path.still();
    this.#tracker.refresh();
  }

  #onInterrupt(reason: InterruptReason | undefined): void {
    if (reason === this.#interruption) return;
    this.#interruption = reason;
    if (reason !== undefined) this.path.still();
    this.#tracker.refresh();
    if (reason !== undefined) this.#warn(captureInterrupted(reason));
  }

  /** What it gave is delivered all the same: the session is well. */
  #onSourceEnd(error: AudioStreamError): void {
    const failure = toStreamError(error);
    if (this.#ending === undefined) this.deliver(DEFAULTS.close.timeoutMs, failure);
    else this.#parts.logger.warn("The source ended while the stream was closing.", { code: failure.code });
  }

  async #sendLast(host: SessionHost, timeoutMs: number): Promise<void> {
    const deadline = systemClock.now() + timeoutMs;
    const error = this.#ending?.error;
    // One that ended by itself has released everything, and is not told to stop.
    if (error !== undefined) this.source.end(error);
    try {
      await this.source.stop(timeoutMs / 2, () => this.path.flush());
    } catch (cause) {
      if (this.#info !== undefined) return;
      this.#parts.logger.warn("The capture did not stop well; its last audio may be missing.", { error: cause });
    }
    this.path.abandon();
    host.end(Math.max(0, deadline - systemClock.now()));
  }

  // ---------------------------------------------------------------- session

  #onSessionEvent(event: SessionEvent): void {
    switch (event.type) {
      case "connected":
        this.#onSettled();
        this.#tracker.note({ connected: true, everConnected: true });
        break;
      case "reconnecting":
        this.#tracker.note({ connected: false });
        break;
      case "warning":
        this.#warn(event.error);
        return;
      case "acknowledged":
        this.#onSettled();
        return;
      case "ended":
      case "failed":
        this.finish(this.#endOf("error" in event ? event.error : undefined));
        return;
    }
    const heard = toStreamEvent(event, this.#parts.options.format.sampleRate);
    if (heard !== undefined) this.#tell(heard);
    if (event.type === "message") this.#observer.deref()?.onMessage(event.message);
  }

  /** A source that ended badly is the reason of the end, whatever became of the delivery. */
  #endOf(failure: AudioStreamError | undefined): CloseInfo {
    const error = this.#ending?.error ?? (failure && toStreamError(failure));
    if (failure !== undefined && error !== failure) {
      this.#parts.logger.warn("What the source gave before it ended was not all delivered.", { code: failure.code });
    }
    return error === undefined ? { outcome: "closed" } : { outcome: "failed", error };
  }

  /** The server has said what it has, by an acknowledgement or by where it goes on after a reconnection. */
  #onSettled(): void {
    this.#observer.deref()?.onSettled(this.#host?.stats().settledPosition ?? 0);
    this.#backpressure.changed();
  }

  // ---------------------------------------------------------------- what is told

  #warn(error: AudioStreamError): void {
    this.#parts.logger.warn(error.message, { code: error.code });
    this.#tell(new WarningEvent(toStreamError(error)));
  }

  /** After the end only losses are told, once everything is released. */
  #tell(event: Event): void {
    if (this.#info === undefined) this.#observer.deref()?.onEvent(event);
    else this.#lateDrops.add(event);
  }
}
