import { type Clock, systemClock } from "../../internal/clock.js";
import type { Scope } from "../../internal/scope.js";

/** How often is looked, in milliseconds. */
const LOOK_MS = 1_000;
/** A look that comes later than this tells nothing: the page slept, was blocked, or its timers are throttled. */
const LATE_MS = 1_000;
/** Looks in a row without progress before it is said. The device may need a few seconds for its first sound. */
const CLOCK_LOOKS = 3;
const FRAME_LOOKS = 8;

/** What is seen at a look. */
export interface Progress {
  /** Of the context, in seconds; `undefined` where it need not go on. */
  readonly clock: number | undefined;
  /** How many frames have come; `undefined` where none are due. */
  readonly frames: number | undefined;
}

export interface ProgressObserver {
  /** The context claims to run, and its clock has stood still since the last look. */
  onClockStill(): void;
  /** As {@link onClockStill}, for some seconds. */
  onClockStalled(): void;
  /** The clock goes on after it stood still for a second or more. */
  onClockMoving(): void;
  /** The clock goes on, and no audio has come for some seconds. */
  onFramesMissing(): void;
}

/** Looks once a second whether what should go on does. Late looks begin anew, so that throttled timers accuse nobody. */
export class ProgressWatch {
  readonly #scope: Scope;
  readonly #look: () => Progress;
  readonly #observer: ProgressObserver;
  readonly #time: Clock;
  #last: Progress = { clock: undefined, frames: undefined };
  #due = 0;
  #stillClock = 0;
  #stillFrames = 0;

  /** Watches until the scope ends. */
  constructor(scope: Scope, look: () => Progress, observer: ProgressObserver, time: Clock = systemClock) {
    this.#scope = scope;
    this.#look = look;
    this.#observer = observer;
    this.#time = time;
    this.#arm();
  }

  /** A frame has come: what stood still goes on, and the frame is not to wait for the next look to tell. */
  frameArrived(): void {
    if (this.#stillClock === 0 || this.#look().clock === this.#last.clock) return;
    this.#stillClock = 0;
    this.#observer.onClockMoving();
  }

  #arm(): void {
    this.#last = this.#look();
    this.#due = this.#time.now() + LOOK_MS;
    this.#scope.timeout(LOOK_MS, () => this.#judge(), "progress watch");
  }

  #judge(): void {
    const before = this.#last;
    const late = this.#time.now() > this.#due + LATE_MS;
    this.#arm();
    const clockStands = before.clock !== undefined && before.clock === this.#last.clock;
    const framesStand = before.frames !== undefined && before.frames === this.#last.frames;
    const stoodBefore = this.#stillClock > 0;
    this.#stillClock = clockStands && !late ? this.#stillClock + 1 : 0;
    this.#stillFrames = framesStand && !clockStands && !late ? this.#stillFrames + 1 : 0;
    if (clockStands) this.#observer.onClockStill();
    if (stoodBefore && !clockStands) this.#observer.onClockMoving();
    if (this.#stillClock === CLOCK_LOOKS) this.#observer.onClockStalled();
    if (this.#stillFrames === FRAME_LOOKS) this.#observer.onFramesMissing();
  }
}
