import { systemClock } from "../../../internal/clock.js";
import { onPage } from "../../../internal/on-page.js";
import type { Registration, Scope } from "../../../internal/scope.js";
import { delayAfter } from "../devices/delays.js";

/** After so long without anything but zeros it is checked whether the device is still there, in milliseconds. */
const ZEROS_CHECK_MS = 1_000;
/** Zeros for so long after an interruption mean that the track is dead, in milliseconds. */
const DEAD_AFTER_MS = 3_000;
/** Sound for so long after an interruption means that it did no harm, in milliseconds. */
const SOUND_AGAIN_MS = 1_000;
/** How far apart fresh tracks are asked for at least, in milliseconds: by itself, and when the person comes back. */
const RENEWAL_PAUSE_MS = 10_000;
const RETURN_PAUSE_MS = 2_000;
/** Sound that comes so soon after the muting was on its way before it, in milliseconds. */
const IN_FLIGHT_MS = 500;
/** For how long a muted track is waited for, time after time, in milliseconds. */
const MUTED_PATIENCE_MS = [10_000, 20_000, 40_000, 60_000];

/** What a {@link SoundWatch} reports. */
export interface SoundObserver {
  /** Nothing but zeros for another second: the device may be gone though its track is live. */
  onZeros(): void;
  /** Nothing but zeros for some seconds after an interruption. */
  onDead(): void;
  /** The track delivers sound though it is flagged as muted. */
  onSoundWhileMuted(): void;
  /** The track stays muted. @param waited how often it was waited for in vain; 0 if the person has just come back. */
  onStillMuted(mutedMs: number, waited: number): void;
}

/**
 * Judges a device by what is heard of it, which counts for more than flags and lists. Digital zeros are no silence: a real
 * device has at least noise. Engines deliver them from devices that are gone, after calls, and while a track is muted.
 */
export class SoundWatch {
  readonly #scope: Scope;
  readonly #observer: SoundObserver;
  /** When sound was heard of the device in use, and since when only zeros are. */
  #soundAt: number | undefined;
  #zerosSince: number | undefined;
  #checkedAt = 0;
  /** When something happened after which tracks have been seen dead. */
  #doubtedAt: number | undefined;
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** Since when the track in use is muted; the one before it may have been, too. */
  #mutedAt: number | undefined;
  #mutedSince: number | undefined;
  #waited = 0;
  #patience: Registration | undefined;

  /** Watches until the scope ends. */
  constructor(scope: Scope, observer: SoundObserver) {
    this.#scope = scope;
    this.#observer = observer;
    onPage(scope, (page) => {
      page.listen(window, "blur", () => this.doubt());
      page.listen(window, "pageshow", () => this.#onReturn());
      page.listen(document, "visibilitychange", () => {
        if (document.visibilityState === "visible") this.#onReturn();
        else this.doubt();
      });
      for (const gesture of ["pointerdown", "keydown"]) {
        page.listen(document, gesture, () => this.#onPerson(), { capture: true, passive: true });
      }
    });
  }

  /** Whether the device was heard within the last second. */
  get isHeard(): boolean {
    return this.#soundAt !== undefined && systemClock.now() - this.#soundAt < ZEROS_CHECK_MS;
  }

  /** Another track is captured from now on, or none. @param muted whether it is muted, as the one before may have been. */
  begin(muted: boolean): void {
    this.#soundAt = undefined;
    this.#zerosSince = undefined;
    this.#mutedAt = undefined;
    this.#patience?.dispose();
    if (!muted) this.#forgetMuting();
  }

  /** Something happened after which tracks have been seen dead: a break of the context, a call, a lost focus. */
  doubt(): void {
    this.#doubtedAt = systemClock.now();
  }

  /** The track's flag has changed. */
  muted(muted: boolean): void {
    if (!muted) {
      this.#forgetMuting();
      this.doubt();
      return;
    }
    if (this.#mutedAt !== undefined) return;
    this.#mutedAt = systemClock.now();
    this.#mutedSince ??= this.#mutedAt;
    this.#waitMuted();
  }

  /** To be called with each frame. @param peakLevel of the frame. */
  heard(peakLevel: number): void {
    const now = systemClock.now();
    if (peakLevel === 0) {
      this.#onZeros(now);
      return;
    }
    this.#soundAt = now;
    this.#zerosSince = undefined;
    if (this.#doubtedAt !== undefined && now - this.#doubtedAt > SOUND_AGAIN_MS) this.#doubtedAt = undefined;
    if (this.#mutedAt !== undefined && now - this.#mutedAt >= IN_FLIGHT_MS) {
      this.#forgetMuting();
      this.#observer.onSoundWhileMuted();
    }
  }

  #onZeros(now: number): void {
    this.#zerosSince ??= now;
    if (now - Math.max(this.#zerosSince, this.#checkedAt) >= ZEROS_CHECK_MS) {
      this.#checkedAt = now;
      this.#observer.onZeros();
    }
    if (this.#doubtedAt === undefined || now - this.#doubtedAt < DEAD_AFTER_MS) return;
    this.#judge(now, RENEWAL_PAUSE_MS);
  }

  #judge(now: number, pauseMs: number): void {
    if (this.#zerosSince === undefined || this.#mutedAt !== undefined) return;
    if (now - this.#zerosSince < DEAD_AFTER_MS || now - this.#renewedAt < pauseMs) return;
    this.#doubtedAt = undefined;
    this.#renewedAt = now;
    this.#observer.onDead();
  }

  #onReturn(): void {
    this.doubt();
    this.#judge(systemClock.now(), RETURN_PAUSE_MS);
    this.#onPerson();
  }

  #onPerson(): void {
    const now = systemClock.now();
    if (this.#mutedAt === undefined || now - this.#mutedAt < IN_FLIGHT_MS) return;
    if (now - this.#renewedAt < RETURN_PAUSE_MS) return;
    this.#renewedAt = now;
    this.#observer.onStillMuted(now - (this.#mutedSince ?? now), 0);
  }

  #waitMuted(): void {
    const onTime = (): void => {
      const now = systemClock.now();
      this.#renewedAt = now;
      this.#waited += 1;
      // If nothing comes of it, it is waited again.
      this.#waitMuted();
      this.#observer.onStillMuted(now - (this.#mutedSince ?? now), this.#waited);
    };
    this.#patience?.dispose();
    this.#patience = this.#scope.timeout(delayAfter(MUTED_PATIENCE_MS, this.#waited), onTime, "muted device");
  }

  #forgetMuting(): void {
    this.#mutedAt = undefined;
    this.#mutedSince = undefined;
    this.#waited = 0;
    this.#patience?.dispose();
  }
}
