import type { Scope } from "../../../internal/scope.js";
import type { Interruptions } from "../../interruptions.js";
import { endedAtOnce } from "../../media-errors.js";
import type { Acquired } from "./acquisition.js";
import type { DeviceList } from "./device-list.js";
import type { LostDevice } from "./device-search.js";
import { HeldDevice, type Sighting } from "./held-device.js";
import { monitorTrack } from "./track-monitor.js";

/** What a {@link DeviceHolder} is made with. */
export interface DeviceHolderParts {
  readonly interruptions: Interruptions;
  /** Captures from this track in place of the one before. If it rejects, the one before goes on. */
  connect(track: MediaStreamTrack): Promise<void>;
  /** Captures from nothing. */
  disconnect(): void;
  /** Another track is captured from now on. */
  onHeld(track: MediaStreamTrack): void;
  onMuted(muted: boolean): void;
  /** The track in use has ended. It is held until {@link DeviceHolder.lose}. */
  onEnded(): void;
}

/** Holds the track that is captured, and gives it up for another only once that one is connected. */
export class DeviceHolder {
  readonly #parts: DeviceHolderParts;
  #held: HeldDevice | undefined;
  #lost: LostDevice | undefined;
  /** Owns the track that is being exchanged for the one in use, until it is in use itself. */
  #acquiring: Scope | undefined;

  constructor(parts: DeviceHolderParts) {
    this.#parts = parts;
  }

  get held(): HeldDevice | undefined {
    return this.#held;
  }

  get track(): MediaStreamTrack | undefined {
    return this.#held?.track;
  }

  get isExchanging(): boolean {
    return this.#acquiring !== undefined;
  }

  /** The device that was held last. */
  get lost(): LostDevice | undefined {
    return this.#held?.lost ?? this.#lost;
  }

  /** Takes a track over that is connected already. @param device owns it. */
  keep(device: Scope, track: MediaStreamTrack): void {
    const held = new HeldDevice(device, track);
    this.#lost = undefined;
    this.#hold(held);
    monitorTrack(device, track, {
      onMuted: (muted) => {
        if (this.#held === held) this.#onMuted(muted);
      },
      onEnded: () => {
        if (this.#held === held) this.#parts.onEnded();
      },
    });
  }

  /**
   * Acquires a track and captures from it in place of the one before, which goes on if that fails or is called off.
   * @param device owns the track.
   * @param signal calls it off.
   */
  async exchange(
    device: Scope,
    ask: (device: Scope) => Promise<Acquired>,
    signal: AbortSignal | undefined,
  ): Promise<Acquired> {
    const followed = device.follow(signal, (reason) => void device.dispose(reason));
    try {
      device.signal.throwIfAborted();
      this.#acquiring = device;
      const acquired = await ask(device);
      const before = await this.replace(device, acquired.track);
      void before?.scope.dispose();
      return acquired;
    } catch (error) {
      if (this.#acquiring === device) this.#acquiring = undefined;
      void device.dispose(error);
      throw error;
    } finally {
      followed.dispose();
    }
  }

  /** Calls the exchange off that is under way, if one is. */
  callOff(reason: unknown): void {
    void this.#acquiring?.dispose(reason);
    this.#acquiring = undefined;
  }

  /**
   * Captures from the track in place of the one before.
   * @param device owns the track; if either has ended meanwhile, the one before goes on.
   * @returns the one before, which is still live.
   */
  async replace(device: Scope, track: MediaStreamTrack): Promise<HeldDevice | undefined> {
    const before = this.#held;
    await this.#parts.connect(track);
    if (device.disposed || track.readyState === "ended") {
      await this.#reconnect();
      throw device.disposed ? device.signal.reason : endedAtOnce();
    }
    this.keep(device, track);
    return before;
  }

  /** The device is gone, or gives nothing any more. */
  lose(): void {
    this.release();
    this.#parts.interruptions.set({ "device-lost": true });
  }

  release(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#lost = held.lost;
    this.#held = undefined;
    void held.scope.dispose();
    this.#parts.disconnect();
    this.#parts.interruptions.set({ "device-muted": false });
  }

  /** Lets the browser's list speak. @returns what it says of the device in use. */
  look(list: DeviceList, alias: string | undefined): Sighting {
    return this.#held?.look(list, alias) ?? "there";
  }

  #hold(held: HeldDevice): void {
    this.#held = held;
    // From here on it is not called off any more, but released.
    this.#acquiring = undefined;
    this.#parts.onHeld(held.track);
    // A listener may make the next call before this one returns.
    this.#parts.interruptions.set({ "device-lost": false, "device-muted": held.track.muted });
  }

  #onMuted(muted: boolean): void {
    this.#parts.interruptions.set({ "device-muted": muted });
    this.#parts.onMuted(muted);
  }

  async #reconnect(): Promise<void> {
    const held = this.#held;
    if (held === undefined) this.#parts.disconnect();
    else await this.#parts.connect(held.track);
  }
}
