import type { FrameInlet } from "../capture/inlet/frame-inlet.js";
import type { AudioFrame } from "../capture/source.js";
import type { AudioStreamError } from "../errors.js";
import { FrameCheck } from "../frames/frame-check.js";
import { Timeline } from "../frames/timeline.js";
import type { TimelinePoint } from "../frames/timeline-points.js";
import { withSignal } from "../internal/abort.js";
import { systemClock } from "../internal/clock.js";
import type { Scope } from "../internal/scope.js";
import { type AttachedParts, attachPorts } from "./attach-ports.js";
import { frameCommand } from "./frame-command.js";
import { SessionGate } from "./lock/session-gate.js";
import { watchPage } from "./page-watch.js";
import { RemoteInlet } from "./remote-inlet.js";
import type { HostObserver, RunningHost } from "./running-host.js";
import type {
  RunningCommand,
  RunningEvent,
  RunningOptions,
  RunningQuestion,
  RunningReplies,
  RunningStats,
} from "./running-messages.js";
import { RunningRequests } from "./running-requests.js";
import { SettledWaiters } from "./settled-waiters.js";
import { SourceAccount } from "./source-account.js";
import { sourceFormat } from "./source-format.js";

/** What the stream learns; the rest is the client's own business. */
export type RunningNews = Exclude<
  RunningEvent,
  { readonly type: "point" | "placed" | "done" | "reply" | "refusal" | "losing" }
>;

/** What a {@link RunningClient} is made with. */
export interface RunningClientParts extends AttachedParts {
  readonly options: RunningOptions;
  /** Its disposal ends the running side. */
  readonly scope: Scope;
  /** As {@link SessionGateParts.exclusive}. */
  readonly exclusive: boolean;
  openHost(scope: Scope, observer: HostObserver): RunningHost;
  onNews(news: RunningNews): void;
}

/** The running side as the page sees it, wherever it runs. */
export class RunningClient {
  readonly #parts: RunningClientParts;
  #host: RunningHost | undefined;
  /** Commands from before there was a host. */
  readonly #early: { readonly command: RunningCommand; readonly transfer: readonly Transferable[] }[] = [];
  #inlet: RemoteInlet | undefined;
  readonly #gate: SessionGate;
  readonly #check: FrameCheck;
  /** The source has given something that cannot be, and is not listened to any more. */
  #isFaulty = false;
  readonly #timeline: Timeline;
  readonly #requests = new RunningRequests((request) => this.#post(request));
  /** Commands that another running side needs as well, by their type. */
  readonly #lasting = new Map<RunningCommand["type"], RunningCommand>();
  #isPrepared = false;
  /** When everything has to be delivered, however many running sides that takes. */
  #endsBy = 0;
  readonly #settled = new SettledWaiters((position) => this.#ask({ type: "settled", position }));
  #latestPoint: TimelinePoint | undefined;
  readonly #source: SourceAccount;

  constructor(parts: RunningClientParts) {
    const { options, scope, exclusive, onNews } = parts;
    this.#parts = parts;
    this.#check = new FrameCheck(sourceFormat(options.format));
    this.#timeline = new Timeline(options.format.sampleRate);
    this.#source = new SourceAccount(options);
    this.#gate = new SessionGate({
      session: options.session,
      exclusive,
      scope,
      onOpen: () => this.#postLasting({ type: "connect" }),
      onWarning: (error) => onNews({ type: "warning", error }),
      onFailed: (error) => onNews({ type: "failed", error }),
    });
  }

  /** Starts the running side. To be called once, when this client can be found: a logger that hears of it may call. */
  open(): void {
    const { scope, openHost } = this.#parts;
    const host = openHost(scope, {
      source: this.#source,
      onEvent: (event) => this.#onEvent(event),
      onReplaced: () => this.#onReplaced(),
      onGone: () => this.#requests.end(this.#host?.lastStats, scope.signal.reason),
    });
    this.#host = host;
    attachPorts(this.#parts, (command, transfer) => this.#post(command, transfer));
    for (const { command, transfer } of this.#early.splice(0)) host.post(command, transfer);
    watchPage(scope, {
      onReturn: () => this.#post({ type: "probe" }),
      onLeave: () => this.#post({ type: "suspend" }),
    });
  }

  /** Where it runs. */
  get kind(): RunningHost["kind"] | undefined {
    return this.#host?.kind;
  }

  get timeline(): Pick<Timeline, "toPageTime" | "driftPpm"> {
    return this.#timeline;
  }

  /** Takes a frame that came through the page. @param wanted if not, it counts as lost. */
  push(frame: AudioFrame, wanted: boolean): void {
    if (!this.#mayPass(frame)) return;
    const { position, sampleCount } = frame;
    if (wanted || this.#source.isStarted) this.#source.add(position + sampleCount, sampleCount);
    this.#post(...frameCommand(frame, wanted));
  }

  /** Where a source delivers whose frames need not come through the page. @param onFrame takes those that do. */
  inletFor(onFrame: (frame: AudioFrame) => void): FrameInlet {
    this.#inlet = new RemoteInlet({
      onFrame,
      source: this.#source,
      isFar: () => this.#host?.kind === "worker",
      post: (command, transfer) => this.#post(command, transfer),
    });
    return this.#inlet;
  }

  setMuted(muted: boolean, at: DOMHighResTimeStamp): void {
    this.#postLasting({ type: "mute", muted, at });
  }

  /** Asks for `level` events from now on. */
  wantLevels(): void {
    this.#postLasting({ type: "levels" });
  }

  /** Lets out what was kept from before the start, and everything from now on. */
  start(): void {
    this.#source.start();
    this.#postLasting({ type: "start" });
  }

  /** Nothing is captured for now, so nothing is loud. */
  still(): void {
    this.#post({ type: "still" });
  }

  deviceChanged(): void {
    this.#post({ type: "device-changed" });
  }

  /** Connects now rather than later. */
  retryNow(): void {
    this.#post({ type: "probe", urgent: true });
  }

  connect(): void {
    this.#gate.open();
  }

  /** Finishes: what was captured is acknowledged, then the server says goodbye; ends in `ended` or `failed`. */
  end(timeoutMs: number): void {
    this.#endsBy = systemClock.now() + timeoutMs;
    // Processors have ended by now; one that did not say how far it came keeps nobody waiting.
    this.#postCaptured();
    this.#postLasting({ type: "end", timeoutMs });
    this.#gate.openWithin(timeoutMs / 4);
  }

  /** Prepares the encoder, if there is one. @throws AudioStreamError `unsupported`, `encoder-failed`. */
  async prepare(): Promise<void> {
    await this.#ask({ type: "prepare" });
    this.#isPrepared = true;
  }

  /**
   * Resolves when everything captured so far has gone on to the session.
   * @throws AudioStreamError `encoder-failed`, or the reason of the end.
   */
  flush(): Promise<RunningReplies["flush"]> {
    return this.#ask({ type: "flush" });
  }

  /**
   * Resolves when every sample before the position is acknowledged, or known to be lost.
   * @param bound keeps the wait within what its caller allows.
   * @throws the reason of the end.
   */
  whenSettled(position: number, bound: (done: Promise<void>) => Promise<void>): Promise<void> {
    return this.#settled.wait(position, bound);
  }

  /** Resolves as soon as more can be taken without losing what the server has not got. */
  async whenRoom(): Promise<void> {
    await this.#ask({ type: "room" });
  }

  async stats(): Promise<RunningStats> {
    return this.#host?.lastStats ?? this.#requests.ask({ type: "stats" });
  }

  // ---------------------------------------------------------------- within

  #mayPass(frame: AudioFrame): boolean {
    if (this.#isFaulty) return false;
    const error = this.#check.faultOf(frame);
    if (error === undefined) return true;
    this.#isFaulty = true;
    this.#parts.onNews({ type: "source-failed", error });
    return false;
  }

  #post(command: RunningCommand, transfer: readonly Transferable[] = []): void {
    if (this.#host === undefined) this.#early.push({ command, transfer });
    else this.#host.post(command, transfer);
  }

  #postLasting(command: RunningCommand): void {
    this.#lasting.set(command.type, command);
    this.#post(command);
  }

  /** Another running side has taken the place of one that died. It gets to know what that one knew. */
  #onReplaced(): void {
    attachPorts(this.#parts, (command, transfer) => this.#post(command, transfer));
    const point = this.#latestPoint;
    const { origin = 0 } = this.#source.beginning;
    if (point !== undefined) {
      this.#post({ type: "capture-restore", position: point.position + origin, timestamp: point.timestamp });
    }
    this.#requests.askAgain();
    if (this.#isPrepared) {
      this.#requests
        .ask({ type: "prepare" })
        .catch((error: AudioStreamError) => this.#parts.onNews({ type: "source-failed", error }));
    }
    const hasProcessors = this.#inlet?.reconnect(point !== undefined) === true;
    const timeoutMs = Math.max(0, this.#endsBy - systemClock.now());
    for (const command of this.#lasting.values())
      this.#post(command.type === "end" ? { ...command, timeoutMs } : command);
    if (!hasProcessors) this.#postCaptured();
  }

  #postCaptured(): void {
    this.#post({ type: "captured", position: this.#source.position || undefined });
  }

  #ask<Question extends RunningQuestion>(question: Question): Promise<RunningReplies[Question["type"]]> {
    return withSignal(this.#requests.ask(question), this.#parts.scope.signal);
  }

  #onEvent(event: RunningEvent): void {
    switch (event.type) {
      case "point":
        this.#timeline.add(event.point);
        this.#latestPoint = event.point;
        return;
      case "placed":
        this.#inlet?.placed(event.processor, event.offset);
        return;
      case "audio":
        this.#source.began(event.origin);
        this.#parts.onNews(event);
        return;
      // Leaves a worker only for the checkpoint that comes with it.
      case "losing":
        return;
      case "done":
        this.#inlet?.confirm(event.processor, event.command);
        return;
      case "reply":
        this.#requests.reply(event.id, event.value);
        return;
      case "refusal":
        this.#requests.refuse(event.id, event.error);
        return;
      default:
        this.#parts.onNews(event);
    }
  }
}
