import type { AudioStreamError } from "../../../errors.js";
import { withSignal } from "../../../internal/abort.js";
import type { Scope } from "../../../internal/scope.js";
import type { Interruptions } from "../../interruptions.js";
import { givenTrackEnded, isDeviceBusy, overtakenBy } from "../../media-errors.js";
import type { DeviceChangeReason } from "../../source.js";
import { type CaptureOptions, givenSound } from "../capture-options.js";
import type { SoundSink } from "../sound/sound-sink.js";
import type { SoundWatch } from "../sound/sound-watch.js";
import { type Acquired, acquire, acquireMicrophone, acquireTrack } from "./acquisition.js";
import { DeviceHolder } from "./device-holder.js";
import { DeviceMender } from "./device-mender.js";
import { Resumption, type Wish } from "./resumption.js";

/** What a {@link DeviceSupervisor} is made with. */
export interface DeviceSupervisorParts {
  readonly scope: Scope;
  readonly interruptions: Interruptions;
  readonly asked: CaptureOptions;
  readonly sink: SoundSink;
  onDeviceChange(track: MediaStreamTrack, reason: DeviceChangeReason): void;
  onWarning(error: AudioStreamError): void;
  /** There is no track, and there will be none. */
  onFailed(error: AudioStreamError): void;
}

/**
 * Holds one description of what the owner wants, and drives the device there. Calls only change the wish, and the last one
 * decides: whatever was being acquired for an earlier one is called off, and stopped if the browser delivers it later. What
 * is lost or goes wrong in between is mended in the background, under the same wish.
 */
export class DeviceSupervisor {
  readonly #parts: DeviceSupervisorParts;
  readonly #holder: DeviceHolder;
  readonly #mender: DeviceMender;
  #asked: CaptureOptions;
  #wish: Wish = "running";
  /** Counts the calls of `pause()` and `resume()`; the last one decides. */
  #turn = 0;
  #isEnding = false;
  #resumption: Resumption | undefined;
  /** Calls that are under way and acquire what they need by themselves. */
  #calls = 0;

  constructor(parts: DeviceSupervisorParts) {
    this.#parts = parts;
    this.#asked = parts.asked;
    const { scope, interruptions, sink } = parts;
    this.#holder = new DeviceHolder({
      interruptions,
      connect: (track) => sink.connect(track),
      disconnect: () => sink.disconnect(),
      onHeld: (track) => this.#mender.onHeld(track),
      onMuted: (muted) => this.#mender.sound.muted(muted),
      onEnded: () => this.#onEnded(),
    });
    this.#mender = new DeviceMender({
      scope,
      holder: this.#holder,
      interruptions,
      context: () => sink.context,
      asked: () => this.#asked,
      mayMend: () => this.#isRunning && this.#calls === 0 && !this.#isGiven,
      onGone: () => this.#onEnded(),
      onDeviceChange: parts.onDeviceChange,
      onWarning: parts.onWarning,
      onFailed: parts.onFailed,
    });
  }

  get track(): MediaStreamTrack | undefined {
    return this.#holder.track;
  }

  /** The first track is connected. */
  begin(device: Scope, acquired: Acquired): void {
    this.#holder.keep(device, acquired.track);
    if (this.#isGiven) return;
    this.#mender.begin();
    this.#mender.warnOfFallback(acquired);
  }

  /** Is to be told of each frame, and of interruptions. */
  get sound(): SoundWatch {
    return this.#mender.sound;
  }

  /** Acquires nothing any more. What is held goes on until the scope ends. */
  end(): void {
    this.#isEnding = true;
    this.#callOff("stop()");
  }

  /** Emits what was heard, then nothing. A device that is released stays so until {@link resume}. */
  async pause(releaseDevice: boolean): Promise<void> {
    this.#turn += 1;
    const isReleased = this.#wish === "released" || this.#resumption?.before === "released";
    this.#wish = releaseDevice || isReleased ? "released" : "paused";
    this.#resumption = undefined;
    this.#callOff("pause()");
    await this.#parts.sink.pause();
    // Unless it goes on again by now.
    if (!this.#isRunning) this.#rest();
  }

  /**
   * Captures again, after acquiring a device if none is held.
   * @throws AudioStreamError, or the signal's reason; it stays paused.
   */
  async resume(signal?: AbortSignal): Promise<void> {
    this.#throwIfEnding(signal);
    const wish = this.#wish;
    if (wish !== "running") {
      this.#forgive();
      this.#beginResumption(wish);
    }
    const resumption = this.#resumption;
    if (resumption === undefined) return;
    await resumption.wait(this.#parts.scope, signal, (reason) => {
      if (this.#resumption === resumption) this.#undo(resumption, reason);
    });
  }

  /**
   * Switches to another device, or to the browser's choice (`undefined`).
   * @throws AudioStreamError, or the signal's reason; the track in use goes on.
   */
  async setDevice(deviceId: ConstrainDOMString | undefined, signal?: AbortSignal): Promise<void> {
    this.#throwIfEnding(signal);
    this.#forgive();
    const asked = { ...this.#asked, deviceId };
    const isInUse = this.#holder.held !== undefined || (this.#isRunning && this.#resumption === undefined);
    await (isInUse ? this.#calling(() => this.#switch(asked, signal)) : this.#choose(asked, signal));
  }

  /** Captures from another track that the owner gives. @throws AudioStreamError; the track in use goes on. */
  async follow(track: MediaStreamTrack): Promise<void> {
    this.#throwIfEnding(undefined);
    await this.#change("requested", { ...this.#asked, track }, async () => ({ track }));
  }

  #throwIfEnding(signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (this.#isEnding) throw overtakenBy("stop()");
  }

  #throwIfOvertaken(turn: number): void {
    if (turn !== this.#turn) throw overtakenBy("a later call");
  }

  /** A logger that hears of what is released may call at once. */
  #forgive(): void {
    const turn = this.#turn;
    this.#mender.forgive();
    this.#throwIfOvertaken(turn);
  }

  get #isRunning(): boolean {
    return this.#wish === "running" && !this.#isEnding;
  }

  get #isGiven(): boolean {
    return givenSound(this.#asked) !== undefined;
  }

  #beginResumption(before: Exclude<Wish, "running">): void {
    this.#turn += 1;
    this.#wish = "running";
    const resumption = new Resumption(before, this.#holder.held !== undefined);
    this.#resumption = resumption;
    resumption.done = this.#calling(() => this.#resume(resumption));
    resumption.done.catch(() => {});
  }

  async #resume(resumption: Resumption): Promise<void> {
    const turn = this.#turn;
    try {
      while (this.#holder.held === undefined && !this.#isGiven) {
        const asked = this.#asked;
        try {
          await this.#change("resumed", asked, (device) => acquireMicrophone(device, asked));
        } catch (error) {
          // Unless another device was chosen meanwhile, which is asked for then.
          if (turn !== this.#turn || this.#asked === asked) throw error;
        }
        this.#throwIfOvertaken(turn);
      }
      await this.#parts.sink.resume();
      this.#throwIfOvertaken(turn);
      if (resumption.held) this.#mender.onResumed();
    } catch (error) {
      if (this.#resumption === resumption) this.#undo(resumption, error);
      throw error;
    }
    this.#resumption = undefined;
  }

  /** Leaves everything as it was before the resumption. */
  #undo({ before, held }: Resumption, reason: unknown): void {
    this.#turn += 1;
    this.#resumption = undefined;
    this.#wish = before;
    // With a device that was held all the time, what is being acquired is for another call.
    if (!held) this.#holder.callOff(reason);
    if (!held) this.#holder.release();
    this.#rest();
    this.#parts.sink.pause().catch(() => {});
  }

  /** Nothing is missed, and nothing looked for. */
  #rest(): void {
    if (this.#wish === "released" && !this.#isGiven) this.#holder.release();
    this.#mender.rest();
    this.#parts.interruptions.set({ "device-lost": false });
  }

  /** What the resumption asks for, which may be under way. */
  async #choose(asked: CaptureOptions, signal: AbortSignal | undefined): Promise<void> {
    const before = this.#asked;
    this.#asked = asked;
    this.#mender.forget();
    const resumption = this.#resumption;
    if (resumption === undefined) return;
    this.#callOff("setDevice()");
    try {
      await withSignal(resumption.done, signal);
    } catch (error) {
      if (this.#asked === asked) this.#asked = before;
      if (this.#resumption === resumption) this.#callOff("setDevice()");
      throw error;
    }
  }

  async #switch(asked: CaptureOptions, signal: AbortSignal | undefined): Promise<void> {
    const former = this.#holder.held;
    const ask = async (device: Scope): Promise<Acquired> => ({ track: await acquireTrack(device, asked) });
    try {
      await this.#change("requested", asked, ask, signal);
    } catch (error) {
      if (former === undefined || former !== this.#holder.held || !isDeviceBusy(error)) throw error;
      // Some platforms open one microphone at a time. Whoever hears of the loss may make the next call.
      const turn = this.#turn;
      if (this.#isRunning) this.#holder.lose();
      else this.#holder.release();
      try {
        if (turn !== this.#turn || this.#holder.isExchanging) throw overtakenBy("a later call");
        await this.#change("requested", asked, ask, signal);
      } catch (again) {
        if (this.#isRunning && !this.#holder.isExchanging) await this.#restore(former.identity.deviceId);
        throw again;
      }
    }
    this.#mender.forget();
  }

  /** Captures from the former device again. If that fails, it is searched for. */
  async #restore(deviceId: string): Promise<void> {
    const former = deviceId === "" ? this.#asked : { ...this.#asked, deviceId: { exact: deviceId } };
    await this.#change("renewed", this.#asked, (device) => acquire(device, former)).catch(() => {});
  }

  async #change(
    reason: DeviceChangeReason,
    asked: CaptureOptions,
    ask: (device: Scope) => Promise<Acquired>,
    signal?: AbortSignal,
  ): Promise<void> {
    const turn = this.#turn;
    this.#callOff("a later call");
    this.#throwIfOvertaken(turn);
    const acquired = await this.#holder.exchange(this.#parts.scope.child("device"), ask, signal);
    this.#asked = asked;
    this.#mender.report(acquired, reason);
  }

  /** Nothing is mended while a call acquires what it needs. */
  async #calling(call: () => Promise<void>): Promise<void> {
    this.#calls += 1;
    try {
      await call();
    } finally {
      this.#calls -= 1;
      this.#mender.mend();
    }
  }

  #callOff(call: string): void {
    this.#holder.callOff(overtakenBy(call));
    this.#mender.callOff();
  }

  #onEnded(): void {
    if (this.#isGiven) this.#parts.onFailed(givenTrackEnded());
    else if (this.#isRunning) this.#holder.lose();
    else this.#holder.release();
    this.#mender.onEnded();
  }
}
