import type { Scope } from "../../../internal/scope.js";
import { isDeviceBusy } from "../../media-errors.js";
import type { DeviceChangeReason } from "../../source.js";
import { permissionWithin } from "../permission/permission.js";
import { givesSound } from "../sound/sound-probe.js";
import type { DeviceHolder } from "./device-holder.js";

/** What a {@link DeviceReturn} is made with. */
export interface DeviceReturnParts {
  readonly holder: DeviceHolder;
  /** Belongs to the sound that is captured now. */
  context(): AudioContext;
  /** Whether a device may be acquired now that no call has asked for. */
  mayMend(): boolean;
  acquire(job: Scope, deviceId: string): Promise<MediaStreamTrack>;
  /** Captures from the track in place of the one before, and reports it. */
  take(job: Scope, track: MediaStreamTrack, reason: DeviceChangeReason): Promise<void>;
  report(track: MediaStreamTrack, reason: DeviceChangeReason): void;
}

/**
 * Goes back to a device that was lost and is there again, once it is heard. As a rule it is listened to beside the one in
 * use. A platform that opens one microphone at a time refuses that: there the one in use is let go first, once for each
 * time that the device comes back, and opened again if the other does not open or stays silent.
 */
export class DeviceReturn {
  readonly #parts: DeviceReturnParts;
  /** The one in use was let go for the device that is there now. */
  #isTried = false;
  /** The id of the device that was let go, until the other is heard. */
  #former: string | undefined;

  constructor(parts: DeviceReturnParts) {
    this.#parts = parts;
  }

  /** Whether a device was let go in vain, and is to be opened again. */
  get isToRestore(): boolean {
    return this.#former !== undefined && this.#parts.holder.held === undefined;
  }

  /** The missed device is not there. */
  gone(): void {
    this.#isTried = false;
  }

  /** Nothing is to be brought back: a call decides what is captured. */
  forget(): void {
    this.#former = undefined;
  }

  /** @returns whether the device is in use. If it is not, the job is over. @throws AudioStreamError. */
  async to(job: Scope, deviceId: string): Promise<boolean> {
    const { acquire, context, take } = this.#parts;
    let track: MediaStreamTrack;
    try {
      track = await acquire(job, deviceId);
    } catch (error) {
      if (!isDeviceBusy(error) || !(await this.#mayLetGo(job))) throw error;
      return this.#exchange(job, deviceId);
    }
    if (await givesSound(job, context(), track)) {
      await take(job, track, "device-returned");
      return true;
    }
    void job.dispose();
    return false;
  }

  /** Opens the device again that was let go. @throws AudioStreamError. */
  async restore(job: Scope): Promise<void> {
    const { acquire, take } = this.#parts;
    const former = this.#former ?? "";
    this.#former = undefined;
    await take(job, await acquire(job, former), "renewed");
  }

  /** Where a person may be asked, the one in use is kept. */
  async #mayLetGo(job: Scope): Promise<boolean> {
    if (this.#isTried || !this.#parts.holder.held?.identity.deviceId) return false;
    const permission = await permissionWithin(job);
    job.signal.throwIfAborted();
    return permission?.state === "granted";
  }

  /** What comes of the other device is recorded at once, so that no more is missed than the exchange takes. */
  async #exchange(job: Scope, deviceId: string): Promise<boolean> {
    const { holder, acquire, context, mayMend, report } = this.#parts;
    this.#isTried = true;
    this.#former = holder.held?.identity.deviceId;
    holder.lose();
    const track = await acquire(job, deviceId);
    await holder.replace(job, track);
    if (await givesSound(job, context(), track)) {
      this.#former = undefined;
      report(track, "device-returned");
      return true;
    }
    if (mayMend()) holder.lose();
    return false;
  }
}
