import type { AudioCapture, AudioSource, SourceOpenOptions } from "../../src/capture/source.js";
import { AudioStreamError } from "../../src/errors.js";
import { type Deferred, deferred } from "../../src/internal/deferred.js";
import type { Rng } from "../simulation/rng.js";
import type { DeviceWorld } from "./device-world.js";

const FRAME = 320;

/**
 * A source that is as good or as bad as sources can be. A polite one leaves everything as it was when a signal aborts or
 * another call comes; a rude one knows nothing of either, and does what it was asked whenever it gets to it.
 */
export class ModelDevices implements DeviceWorld {
  readonly devices = ["one", "two", "three"];
  readonly source: AudioSource = { open: (options) => this.#open(options) };
  readonly isPolite: boolean;
  onAsked = (): void => {};
  readonly #rng: Rng;
  readonly #held = new Set<Deferred<void>>();
  #options: SourceOpenOptions | undefined;
  #manner: "prompt" | "slow" | "hold" = "prompt";
  #denying = false;
  #silent = false;
  #position = 0;
  #capturing = false;
  #device: string | undefined;
  #chosen = "one";
  /** Grows with every pause and resumption: a polite source gives up what an older one wanted. */
  #latest = 0;
  captured = 0;
  readonly open = 0;

  constructor(rng: Rng, isPolite: boolean) {
    this.#rng = rng;
    this.isPolite = isPolite;
  }

  get held(): number {
    return this.#device === undefined ? 0 : 1;
  }

  get device(): string | undefined {
    return this.#device;
  }

  speak(): void {
    const options = this.#options;
    if (options === undefined || !this.#capturing || this.#device === undefined || this.#silent) return;
    options.onFrame({
      payload: new Uint8Array(FRAME * 2),
      position: this.#position,
      sampleCount: FRAME,
      timestamp: performance.now(),
      peakLevel: 0.5,
      rmsLevel: 0.2,
    });
    this.#position += FRAME;
    this.captured += 1;
  }

  disturb(): string {
    const what = this.#rng.pick([
      "prompt",
      "slow",
      "slow",
      "hold",
      "hold",
      "release",
      "release",
      "deny",
      "allow",
      "allow",
      "silent",
      "sound",
      "swap",
      "end",
    ]);
    if (what === "prompt" || what === "slow" || what === "hold") this.#manner = what;
    else if (what === "release") this.#releaseHeld();
    else if (what === "deny") this.#denying = true;
    else if (what === "allow") this.#denying = false;
    else if (what === "silent") this.#setSilent(true);
    else if (what === "sound") this.#setSilent(false);
    else if (what === "swap") this.#swap();
    // Rare, since nothing comes after it.
    else if (this.#rng.chance(0.2)) this.#end();
    return what;
  }

  relent(): void {
    this.#manner = "prompt";
    this.#denying = false;
    this.#setSilent(false);
    this.#releaseHeld();
  }

  answerLate(): void {
    this.#releaseHeld();
  }

  leave(): void {}

  async #open(options: SourceOpenOptions): Promise<AudioCapture> {
    const { signal } = options;
    signal.throwIfAborted();
    await this.#step(signal);
    if (this.isPolite) signal.throwIfAborted();
    this.#options = options;
    this.#position = 0;
    this.#capturing = true;
    this.#device = this.#chosen;
    const letGo = (): void => {
      if (this.#options !== options) return;
      this.#capturing = false;
      this.#device = undefined;
    };
    signal.addEventListener("abort", letGo, { once: true });
    const stop = async (): Promise<void> => {
      if (!signal.aborted) await this.#step(signal);
      letGo();
    };
    return {
      track: undefined,
      pause: (release) => this.#pause(release),
      resume: (own) => this.#resume(own),
      flush: () => this.#step(undefined),
      setDevice: (id, own) => this.#setDevice(String(id), own),
      stop,
    };
  }

  async #pause(release: boolean): Promise<void> {
    this.#latest += 1;
    const call = this.#latest;
    await this.#step(undefined, false);
    if (this.isPolite && call !== this.#latest) throw new DOMException("Overtaken.", "AbortError");
    this.#capturing = false;
    if (release) this.#device = undefined;
  }

  async #resume(signal: AbortSignal | undefined): Promise<void> {
    this.#latest += 1;
    const call = this.#latest;
    await this.#step(signal);
    if (this.isPolite && (call !== this.#latest || signal?.aborted)) throw new DOMException("Overtaken.", "AbortError");
    // What has ended takes nothing, rude or not: the stream has let go of it.
    if (this.#options === undefined || this.#options.signal.aborted) return;
    this.#device ??= this.#chosen;
    this.#capturing = true;
  }

  async #setDevice(id: string, signal: AbortSignal | undefined): Promise<void> {
    await this.#step(signal);
    if (this.isPolite && signal?.aborted) throw signal.reason;
    this.#chosen = id;
    if (this.#device !== undefined) this.#device = id;
  }

  #setSilent(silent: boolean): void {
    if (this.#silent === silent) return;
    this.#silent = silent;
    this.#options?.onInterrupt(silent ? "device-muted" : undefined);
  }

  /** The device is gone, and another one is taken for it. */
  #swap(): void {
    if (this.#options === undefined || this.#device === undefined) return;
    this.#options.onInterrupt("device-lost");
    this.#options.onDeviceChange({ kind: "audio" } as MediaStreamTrack, "device-lost");
    this.#options.onInterrupt(this.#silent ? "device-muted" : undefined);
  }

  #end(): void {
    const options = this.#options;
    if (options === undefined || this.#device === undefined) return;
    this.#capturing = false;
    this.#device = undefined;
    this.#options = undefined;
    options.onEnd(new AudioStreamError("device-lost", "The device is gone.", { details: undefined }));
  }

  #releaseHeld(): void {
    for (const held of this.#held) held.resolve();
    this.#held.clear();
  }

  async #step(signal: AbortSignal | undefined, mayDeny = true): Promise<void> {
    const denied = mayDeny && this.#denying;
    const refusal = new AudioStreamError("permission-denied", "No.", { details: undefined });
    if (this.#manner === "hold" || this.#manner === "slow") {
      const wait = deferred<void>();
      this.#held.add(wait);
      if (this.#manner === "slow") setTimeout(wait.resolve, this.#rng.whole(1, 3_000));
      if (this.isPolite) signal?.addEventListener("abort", () => wait.reject(signal.reason), { once: true });
      await wait.promise;
      this.#held.delete(wait);
    }
    if (denied) throw refusal;
  }
}
