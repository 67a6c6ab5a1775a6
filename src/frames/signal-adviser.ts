import type { PlacedFrame } from "../capture/inlet/frame-inlet.js";
import { isMuted } from "./mute-switch.js";

/** −80 dBFS: even a quiet room is louder through a microphone that works, unless the browser suppresses noise. */
const AUDIBLE_LEVEL = 1e-4;
/** Silence from a device that was never heard, in milliseconds. */
const NEVER_HEARD_MS = 5_000;
/** Samples that are all exactly zero from a device that was heard before: long enough for a thoughtful speaker. */
const FELL_SILENT_MS = 15_000;
/** Full scale, less the last step of 16 bits. */
const FULL_SCALE = 0.9999;
/** How much of {@link CLIP_WINDOW_MS} must be in frames that reach full scale. One loud knock is no fault. */
const CLIPPED_MS = 200;
const CLIP_WINDOW_MS = 2_000;
/** Clipping is told again after this long without advice. */
const CLIP_PAUSE_MS = 30_000;

/** What the signal suggests; the audio goes on whatever it says. */
export type Advice =
  | { readonly kind: "silent"; readonly silentMs: number }
  | { readonly kind: "clipped"; readonly clippedMs: number };

/**
 * Notices a microphone that seems dead and one that is driven too loud. Each silence is told once; a muted frame tells
 * nothing about the device.
 */
export class SignalAdviser {
  readonly #sampleRate: number;
  #heard = false;
  #silentMs = 0;
  #toldSilent = false;
  #clippedMs = 0;
  #clipWindowMs = 0;
  #clipPauseMs = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  push(frame: PlacedFrame): Advice | undefined {
    if (isMuted(frame)) return undefined;
    const durationMs = (frame.sampleCount / this.#sampleRate) * 1_000;
    return this.#listen(frame.peakLevel, durationMs) ?? this.#watch(frame.peakLevel, durationMs);
  }

  /** Another device may be another case. */
  reset(): void {
    this.#heard = false;
    this.#silentMs = 0;
    this.#toldSilent = false;
  }

  #listen(peak: number, durationMs: number): Advice | undefined {
    const silent = this.#heard ? peak === 0 : peak < AUDIBLE_LEVEL;
    if (!silent) {
      this.#silentMs = 0;
      this.#toldSilent = false;
      this.#heard ||= peak >= AUDIBLE_LEVEL;
      return undefined;
    }
    this.#silentMs += durationMs;
    if (this.#toldSilent || this.#silentMs < (this.#heard ? FELL_SILENT_MS : NEVER_HEARD_MS)) return undefined;
    this.#toldSilent = true;
    return { kind: "silent", silentMs: this.#silentMs };
  }

  #watch(peak: number, durationMs: number): Advice | undefined {
    if (this.#clipPauseMs > 0) {
      this.#clipPauseMs -= durationMs;
      return undefined;
    }
    if (this.#clipWindowMs >= CLIP_WINDOW_MS) {
      this.#clipWindowMs = 0;
      this.#clippedMs = 0;
    }
    this.#clipWindowMs += durationMs;
    if (peak >= FULL_SCALE) this.#clippedMs += durationMs;
    if (this.#clippedMs < CLIPPED_MS) return undefined;
    const clippedMs = this.#clippedMs;
    this.#clippedMs = 0;
    this.#clipWindowMs = 0;
    this.#clipPauseMs = CLIP_PAUSE_MS;
    return { kind: "clipped", clippedMs };
  }
}
