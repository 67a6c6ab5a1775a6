import { DEFAULTS } from "../defaults.js";
import type { AudioStreamError } from "../errors.js";
import { systemClock } from "../internal/clock.js";
import type { Scope } from "../internal/scope.js";
import type { CaptureOptions } from "./capture-options.js";
import { acquireExactTrack, acquireTrack } from "./device.js";
import { type DeviceIdentity, findDevice, identityOf, isListed, searchTrack } from "./device-search.js";
import type { Interruptions } from "./interruptions.js";
import { givenTrackEnded, permissionWithdrawn, toCaptureError } from "./media-errors.js";
import { onDevicesChanged } from "./microphones.js";
import { PermissionWatch } from "./permission-watch.js";
import type { DeviceChangeReason } from "./source.js";
import { monitorTrack } from "./track-monitor.js";
import type { Turns } from "./turns.js";

/** How often is looked whether a device that gives nothing but zeros is still there, in milliseconds. */
const ZEROS_CHECK_MS = 1_000;

/** What a {@link DeviceKeeper} is made with. */
export interface DeviceKeeperParts {
  readonly scope: Scope;
  readonly turns: Turns;
  readonly interruptions: Interruptions;
  readonly asked: CaptureOptions;
  /** Captures from this track in place of the one before. Where it rejects, the one before goes on. */
  connect(track: MediaStreamTrack): Promise<void>;
  /** The track is gone. */
  disconnect(): void;
  onDeviceChange(track: MediaStreamTrack, reason: DeviceChangeReason): void;
  /** There is no track, and there will be none. */
  onFailed(error: AudioStreamError): void;
}

/** Keeps a capture supplied with a track: acquires, switches, releases, and looks for another when one is lost. */
export class DeviceKeeper {
  readonly #parts: DeviceKeeperParts;
  #asked: CaptureOptions;
  /** Owns the track, unless it was given, and what listens to it. */
  #device: Scope | undefined;
  #track: MediaStreamTrack | undefined;
  /** Of the track in use, or of the one that was lost. */
  #identity: DeviceIdentity | undefined;
  /** The browser has listed the device in use. */
  #listed = false;
  /** One that was lost and is replaced by another for the time being. */
  #missed: DeviceIdentity | undefined;
  /** Since when the device gives nothing but zeros, or was last looked for because of that. */
  #zerosSince: number | undefined;
  /** Set while a track is being asked for that is not in use yet. */
  #acquiring: Scope | undefined;
  #permission: PermissionWatch | undefined;
  #paused = false;

  constructor(parts: DeviceKeeperParts) {
    this.#parts = parts;
    this.#asked = parts.asked;
  }

  get track(): MediaStreamTrack | undefined {
    return this.#track;
  }

  /** The first track. It belongs to the scope, and is to be handed to {@link begin}. @throws AudioStreamError. */
  async acquire(device: Scope): Promise<MediaStreamTrack> {
    const { track } = this.#asked;
    if (track === undefined) return acquireTrack(device, this.#asked);
    if (track.readyState === "ended") throw givenTrackEnded();
    return track;
  }

  /** The first track is in use. */
  begin(device: Scope, track: MediaStreamTrack): void {
    this.#keep(device, track);
    if (this.#asked.track !== undefined) return;
    const { scope, onFailed } = this.#parts;
    this.#permission = new PermissionWatch(scope, () => {
      if (this.#track !== undefined || this.#acquiring !== undefined) onFailed(permissionWithdrawn());
    });
    onDevicesChanged(scope, () => {
      void this.#checkListed();
      void this.#checkReturned();
    });
  }

  /**
   * Told of every frame. Engines on Linux leave the track of a device that is gone live, with zeros, and some notice it
   * only when they are asked for their devices; a real device has at least noise.
   */
  heard(peakLevel: number): void {
    if (peakLevel > 0) {
      this.#zerosSince = undefined;
      return;
    }
    const now = systemClock.now();
    this.#zerosSince ??= now;
    if (now - this.#zerosSince < ZEROS_CHECK_MS) return;
    this.#zerosSince = now;
    void this.#checkListed();
  }

  /** Ends the wait for a track that is being asked for. */
  cancel(): void {
    void this.#acquiring?.dispose(new DOMException("The microphone is not asked for any more.", "AbortError"));
  }

  /** To be called in turn. */
  pause(releaseDevice: boolean): void {
    this.#paused = true;
    if (releaseDevice && this.#asked.track === undefined) this.#release();
    // Nothing is missed, and nothing looked for, until the resumption.
    this.#parts.interruptions.set({ "device-lost": false });
  }

  /** Acquires a track where there is none. To be called in turn. @throws AudioStreamError; it stays paused. */
  async resume(): Promise<void> {
    if (!this.#paused) return;
    if (this.#track === undefined && this.#parts.asked.node === undefined) {
      await this.#change("resumed", (device) => acquireTrack(device, this.#asked));
    }
    this.#paused = false;
  }

  /**
   * Switches to another device, or to the browser's choice (`undefined`). To be called in turn.
   * @throws AudioStreamError, or the signal's reason; the track in use goes on.
   */
  async setDevice(deviceId: ConstrainDOMString | undefined, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const asked = { ...this.#asked, deviceId };
    // What was released is asked for by the resumption.
    if (this.#track !== undefined || !this.#paused) {
      // Otherwise browsers take another device without a word where this one is gone.
      const exact = typeof deviceId === "string" ? { exact: deviceId } : deviceId;
      try {
        await this.#change("requested", (device) => acquireExactTrack(device, { ...asked, deviceId: exact }), signal);
      } catch (error) {
        if (this.#track === undefined && !this.#paused) void this.#search();
        throw error;
      }
    }
    this.#asked = asked;
    this.#missed = undefined;
  }

  async #change(
    reason: DeviceChangeReason,
    acquire: (device: Scope) => Promise<MediaStreamTrack>,
    signal?: AbortSignal,
  ): Promise<void> {
    const device = this.#beginAcquiring();
    const followed = device.follow(signal, (reason) => void device.dispose(reason));
    try {
      const track = await acquire(device);
      followed.dispose();
      await this.#take(device, track, reason);
    } catch (error) {
      void device.dispose(error);
      throw error;
    } finally {
      this.#endAcquiring(device);
    }
  }

  /** Looks for the lost device, or another. Whoever cancels it decides what comes next. */
  async #search(): Promise<void> {
    const { turns, onFailed } = this.#parts;
    const device = this.#beginAcquiring();
    try {
      if (await this.#permission?.isWithdrawn()) throw permissionWithdrawn();
      device.signal.throwIfAborted();
      const limitMs = this.#asked.deviceLossTimeoutMs ?? DEFAULTS.microphone.deviceLossTimeoutMs;
      const lost = this.#missed ?? this.#identity;
      const track = await searchTrack(device, this.#asked, lost, limitMs);
      await turns.take(async () => {
        await this.#take(device, track, "device-lost");
        this.#missed = lost?.label === track.label ? undefined : lost;
      });
    } catch (error) {
      if (device.disposed) return;
      void device.dispose(error);
      onFailed(toCaptureError(error));
    } finally {
      this.#endAcquiring(device);
    }
  }

  async #take(device: Scope, track: MediaStreamTrack, reason: DeviceChangeReason): Promise<void> {
    device.signal.throwIfAborted();
    // From here on it is not cancelled any more, since the one before is let go.
    this.#endAcquiring(device);
    await this.#parts.connect(track);
    const before = this.#device;
    this.#keep(device, track);
    void before?.dispose();
    // The one before may have been lost meanwhile, and another been looked for.
    this.cancel();
    this.#parts.onDeviceChange(track, reason);
  }

  #keep(device: Scope, track: MediaStreamTrack): void {
    this.#device = device;
    this.#track = track;
    this.#identity = identityOf(track);
    this.#listed = false;
    void this.#checkListed();
    const { interruptions } = this.#parts;
    interruptions.set({ "device-lost": false, "device-muted": false });
    monitorTrack(device, track, {
      onMuted: (muted) => interruptions.set({ "device-muted": muted }),
      onEnded: () => this.#onLost(),
    });
  }

  #release(): void {
    const device = this.#device;
    this.#device = undefined;
    this.#track = undefined;
    void device?.dispose();
    this.#parts.disconnect();
    this.#parts.interruptions.set({ "device-muted": false });
  }

  #onLost(): void {
    if (this.#asked.track !== undefined) {
      this.#parts.onFailed(givenTrackEnded());
      return;
    }
    this.#release();
    if (this.#paused) return;
    this.#parts.interruptions.set({ "device-lost": true });
    // Another is being asked for already.
    if (this.#acquiring === undefined) void this.#search();
  }

  async #checkListed(): Promise<void> {
    const track = this.#track;
    if (track === undefined || this.#identity === undefined || this.#asked.track !== undefined) return;
    const listed = await isListed(this.#identity);
    if (listed === undefined || track !== this.#track) return;
    if (this.#listed && !listed) this.#onLost();
    else this.#listed = listed;
  }

  async #checkReturned(): Promise<void> {
    const missed = this.#missed;
    const deviceId = missed && (await findDevice(missed));
    if (deviceId === undefined) return;
    await this.#parts.turns
      .take(async () => {
        if (this.#missed !== missed || this.#paused || this.#track === undefined) return;
        const asked = { ...this.#asked, deviceId: { exact: deviceId } };
        await this.#change("device-returned", (device) => acquireExactTrack(device, asked));
        this.#missed = undefined;
      })
      // The other goes on, and the next change of the devices is another chance.
      .catch(() => {});
  }

  #beginAcquiring(): Scope {
    this.cancel();
    const device = this.#parts.scope.child("device");
    this.#acquiring = device;
    return device;
  }

  #endAcquiring(device: Scope): void {
    if (this.#acquiring === device) this.#acquiring = undefined;
  }
}
