import type { AudioCapture } from "../../capture/source.js";
import { attempt } from "../../internal/attempt.js";
import { type Deferred, deferred } from "../../internal/deferred.js";
import type { Registration, Scope } from "../../internal/scope.js";
import { type Activity, ActivityWish, satisfies } from "./activity-wish.js";
import { doneWithin, NO_LISTENER, overtakenBy } from "./calls.js";

/**
 * How long a step of the source may keep another one waiting, in milliseconds. A pause on a dead audio thread takes a
 * second; what takes longer is a person who thinks, or a source that never answers.
 */
const PATIENCE_MS = 1_500;

/** What a {@link SourceSupervisor} drives, and whom it calls. Nothing in it may keep the stream alive. */
export interface SupervisorParts {
  readonly scope: Scope;
  readonly capture: AudioCapture;
  /** The source has paused and delivered all it had: resolves when that has gone on to the session. */
  onPaused(): Promise<void>;
  /** The source is paused, or is not any more. */
  onChange(): void;
  /** The source could not be brought back to where it was before a call that was aborted or overtaken. */
  onStuck(error: unknown): void;
}

interface DeviceCall {
  readonly deviceId: ConstrainDOMString | undefined;
  readonly done: Deferred<void>;
  following: Registration;
}

type Step = { readonly controller: AbortController } & (
  | { readonly kind: "pause"; readonly goal: "paused" | "released" }
  | { readonly kind: "resume"; readonly goal: "running" }
  | { readonly kind: "setDevice"; readonly call: DeviceCall }
);

/**
 * Drives an open source to where its callers want it. Calls only change the wish, and the last one wins; each is answered
 * by what the source really did. One step is under way at a time. A step that leads elsewhere is abandoned at once, and one
 * that does its work all the same is followed by another that puts it right.
 */
export class SourceSupervisor {
  readonly #parts: SupervisorParts;
  readonly #wish: ActivityWish;
  #device: DeviceCall | undefined;
  /** The choice of a device that was fulfilled last. */
  #chosen: { readonly deviceId: ConstrainDOMString | undefined } | undefined;
  /** The source may have switched to a device whose choice was given up. */
  #strayed = false;
  #again: DeviceCall | undefined;
  /** What the source last confirmed. */
  #actual: Activity = "running";
  /** An abandoned step may have changed what the source confirmed. */
  #doubtful = false;
  #step: Step | undefined;
  /** What a step that took too long has to give way to. */
  #urgent: "activity" | "device" | undefined;
  #patience: Registration = NO_LISTENER;
  #ended = false;
  /** The source was asked to stop, and delivers what it still holds. */
  #stopping = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#wish = new ActivityWish(parts.scope);
  }

  /** Whether the source has confirmed that it captures nothing. */
  get paused(): boolean {
    return this.#actual !== "running";
  }

  /** Whether what the source delivers is wanted: not while it is paused and nothing else was asked of it. */
  get listening(): boolean {
    return (
      !this.paused || this.#doubtful || this.#stopping || (this.#step !== undefined && this.#step.kind !== "setDevice")
    );
  }

  get hasDevices(): boolean {
    return this.#parts.capture.setDevice !== undefined;
  }

  /** @throws the signal's reason, an `AbortError` when another call overtakes it, or what the source throws. */
  pause(releaseDevice: boolean, signal: AbortSignal | undefined): Promise<void> {
    return this.#ask("pause()", releaseDevice ? "released" : "paused", signal);
  }

  /** @throws the signal's reason, an `AbortError` when another call overtakes it, or what the source throws. */
  resume(signal: AbortSignal | undefined): Promise<void> {
    return this.#ask("resume()", "running", signal);
  }

  /** @throws the signal's reason, an `AbortError` when another call overtakes it, or what the source throws. */
  async setDevice(deviceId: ConstrainDOMString | undefined, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const call: DeviceCall = { deviceId, done: deferred(), following: NO_LISTENER };
    const former = this.#device;
    this.#device = call;
    former?.following.dispose();
    former?.done.reject(overtakenBy("setDevice()"));
    call.following = this.#parts.scope.follow(signal, (reason) => {
      if (this.#device === call) this.#endDeviceCall((done) => done.reject(reason));
      this.#drive();
    });
    if (this.#device !== call) call.following.dispose();
    this.#urgent = undefined;
    this.#drive();
    await call.done.promise;
  }

  /** Resolves when the source has delivered what it holds, or does not answer. @throws what the source throws. */
  async flush(): Promise<void> {
    const { capture, scope } = this.#parts;
    await doneWithin(
      scope,
      PATIENCE_MS,
      attempt(() => capture.flush()),
    );
  }

  /** Ends every call, and then the source, unless it has ended. @throws what the source throws. */
  stop(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    this.end(overtakenBy("close()"));
    this.#stopping = true;
    return attempt(() => this.#parts.capture.stop());
  }

  /** Ends every call, and asks the source for nothing any more. */
  end(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#abandon(reason);
    this.#wish.end(reason);
    this.#endDeviceCall((done) => done.reject(reason));
  }

  async #ask(name: string, asked: Activity, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const done = this.#wish.ask(name, asked, signal, () => this.#drive());
    this.#urgent = undefined;
    this.#drive();
    await done;
  }

  get #isReached(): boolean {
    return !this.#doubtful && satisfies(this.#actual, this.#wish.wanted);
  }

  /** Asks the source for the next step towards the wish, if there is one. */
  #drive(): void {
    if (this.#ended) return;
    this.#chooseAgain();
    if (this.#step !== undefined && !this.#leadsToWish(this.#step)) this.#abandon(overtakenBy("another call"));
    if (this.#step !== undefined) {
      this.#limitStep(this.#step);
      return;
    }
    if (this.#isReached) this.#wish.reached(this.#actual);
    const step = this.#nextStep();
    if (step !== undefined) this.#take(step);
  }

  #nextStep(): Step | undefined {
    const controller = new AbortController();
    const goal = this.#isReached ? undefined : this.#wish.wanted;
    const call = this.#device;
    if (call !== undefined && this.#urgent === "device") return { controller, kind: "setDevice", call };
    if (goal === "paused" || goal === "released") return { controller, kind: "pause", goal };
    // A device that is chosen before the resumption is the one to resume with.
    if (call !== undefined && (goal === undefined || this.#urgent !== "activity")) {
      return { controller, kind: "setDevice", call };
    }
    return goal === undefined ? undefined : { controller, kind: "resume", goal };
  }

  /** Whether a step that is under way is one that would be taken now. */
  #leadsToWish(step: Step): boolean {
    const wanted = this.#wish.wanted;
    if (step.kind !== "setDevice") {
      if (this.#urgent === "device" && this.#device !== undefined) return false;
      if (step.kind === "pause") return step.goal === wanted;
      return wanted === "running" && (this.#device === undefined || this.#urgent === "activity");
    }
    if (step.call !== this.#device) return false;
    return this.#isReached || this.#urgent === "device" || (wanted === "running" && this.#urgent !== "activity");
  }

  /** Another step may wait for the one that is under way, but not for ever. */
  #limitStep(step: Step): void {
    if (this.#patience !== NO_LISTENER || !this.#keepsWaiting(step)) return;
    const lose = (): void => {
      this.#patience = NO_LISTENER;
      if (!this.#keepsWaiting(step)) return;
      this.#urgent = step.kind === "setDevice" ? "activity" : "device";
      this.#drive();
    };
    this.#patience = this.#parts.scope.timeout(PATIENCE_MS, lose, "patience with the source");
  }

  #keepsWaiting(step: Step): boolean {
    return step.kind === "setDevice" ? !this.#isReached : this.#device !== undefined;
  }

  #take(step: Step): void {
    const { capture, onPaused } = this.#parts;
    const { signal } = step.controller;
    this.#step = step;
    attempt(async () => {
      if (step.kind === "resume") return capture.resume(signal);
      if (step.kind === "setDevice") return capture.setDevice?.(step.call.deviceId, signal);
      await capture.pause(step.goal === "released");
      await onPaused();
    }).then(
      () => this.#onDone(step),
      (error: unknown) => this.#onFailed(step, error),
    );
    if (this.#step === step) this.#limitStep(step);
  }

  #onDone(step: Step): void {
    if (this.#ended) return;
    if (this.#step !== step) {
      this.#onDoneLate(step);
      return;
    }
    this.#endStep();
    if (step.kind === "setDevice") {
      this.#chosen = step.call;
      this.#strayed = false;
      this.#endDeviceCall((done) => done.resolve());
    } else {
      this.#actual = step.goal;
      this.#doubtful = false;
      this.#wish.reached(step.goal);
      this.#parts.onChange();
    }
    this.#drive();
  }

  /** It was abandoned, and did its work all the same: the source took no notice. */
  #onDoneLate(step: Step): void {
    if (step.kind !== "setDevice") this.#doubtful ||= satisfies(step.goal, "paused") !== this.paused;
    else this.#strayed = true;
    this.#drive();
  }

  /** A choice that was given up was made all the same: the one before is made again, unless there is a later one. */
  #chooseAgain(): void {
    if (!this.#strayed || this.#device !== undefined || this.#chosen === undefined) return;
    this.#strayed = false;
    this.#device = { deviceId: this.#chosen.deviceId, done: deferred(), following: NO_LISTENER };
    this.#device.done.promise.catch(() => {});
    this.#again = this.#device;
  }

  #onFailed(step: Step, error: unknown): void {
    if (this.#ended || this.#step !== step) return;
    this.#endStep();
    if (step.kind === "setDevice") {
      const isAgain = step.call === this.#again;
      this.#endDeviceCall((done) => done.reject(error));
      if (isAgain) this.#parts.onStuck(error);
    } else {
      // A pause that was abandoned may have been what the resumption could not undo. Another one makes it certain.
      this.#doubtful = step.kind === "resume" && !this.paused;
      if (this.#doubtful) this.#actual = "paused";
      const told = this.#wish.failed(error, this.#actual);
      this.#parts.onChange();
      if (!told) this.#parts.onStuck(error);
    }
    this.#drive();
  }

  #abandon(reason: unknown): void {
    const step = this.#step;
    if (step === undefined) return;
    this.#endStep();
    if (step.kind !== "setDevice") this.#doubtful = true;
    step.controller.abort(reason);
  }

  #endStep(): void {
    const step = this.#step;
    this.#step = undefined;
    this.#patience.dispose();
    this.#patience = NO_LISTENER;
    if ((step?.kind === "setDevice") === (this.#urgent === "device")) this.#urgent = undefined;
  }

  #endDeviceCall(settle: (done: Deferred<void>) => void): void {
    const call = this.#device;
    if (call === undefined) return;
    this.#device = undefined;
    call.following.dispose();
    settle(call.done);
  }
}
