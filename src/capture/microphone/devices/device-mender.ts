import { type AudioStreamError, isAudioStreamError } from "../../../errors.js";
import { systemClock } from "../../../internal/clock.js";
import type { Scope } from "../../../internal/scope.js";
import type { Interruptions } from "../../interruptions.js";
import { deviceFallback, mutedForLong, permissionWithdrawn, toCaptureError } from "../../media-errors.js";
import type { DeviceChangeReason } from "../../source.js";
import { MICROPHONE_DEFAULTS, type MicrophoneOptions } from "../microphone-options.js";
import { onDevicesChanged } from "../microphones.js";
import { permissionWithin } from "../permission/permission.js";
import { PermissionWatch } from "../permission/permission-watch.js";
import { SoundWatch } from "../sound/sound-watch.js";
import { type Acquired, acquireTrack, followedAlias } from "./acquisition.js";
import { AttemptPacing } from "./attempt-pacing.js";
import type { DeviceHolder } from "./device-holder.js";
import { type DeviceList, isSameDevice } from "./device-list.js";
import { DeviceReturn } from "./device-return.js";
import { acquireUnmuted, type LostDevice, searchTrack } from "./device-search.js";
import { type Errand, Errands } from "./errands.js";
import type { HeldDevice } from "./held-device.js";
import { LatestList } from "./latest-list.js";

/** How soon a device is looked for again that is heard and not listed, in milliseconds. */
const UNLISTED_CHECK_MS = 1_000;
/** A track that lives shorter than this was no find, in milliseconds. */
const FLAPPING_MS = 5_000;

/** What a {@link DeviceMender} is made with. */
export interface DeviceMenderParts {
  readonly scope: Scope;
  readonly holder: DeviceHolder;
  readonly interruptions: Interruptions;
  /** Belongs to the sound that is captured now. */
  context(): AudioContext;
  /** What the owner asks for now. */
  asked(): MicrophoneOptions;
  /** Whether a device may be acquired now that no call has asked for. */
  mayMend(): boolean;
  /** The browser does not list the device any more, and it is not heard. */
  onGone(): void;
  onDeviceChange(track: MediaStreamTrack, reason: DeviceChangeReason): void;
  onWarning(error: AudioStreamError): void;
  onFailed(error: AudioStreamError): void;
}

/**
 * Mends in the background, one thing at a time: searches for a device that was lost, goes back to it when it returns,
 * follows the system's default, and replaces a track that has died. What it does is derived from what is seen and heard at
 * the moment, and tried again by time.
 */
export class DeviceMender {
  readonly sound: SoundWatch;
  readonly #parts: DeviceMenderParts;
  readonly #lists: LatestList;
  #permission: PermissionWatch | undefined;
  readonly #return: DeviceReturn;
  /** A device that is replaced by another for the time being. */
  #missed: LostDevice | undefined;
  /** What the track in use needs, as far as can be heard. */
  #need: "renewal" | "another" | undefined;
  /** The person said no to a prompt that no call had asked for. */
  #refused = false;
  readonly #errands = new Errands();
  readonly #pacing: AttemptPacing;
  /** When a search found the last device, and how many in a row were lost again at once. */
  #foundAt = Number.NEGATIVE_INFINITY;
  #flaps = 0;

  constructor(parts: DeviceMenderParts) {
    this.#parts = parts;
    this.#lists = new LatestList(parts.scope, (list) => this.#onList(list));
    this.#pacing = new AttemptPacing(parts.scope, () => this.#refresh());
    this.#return = new DeviceReturn({
      ...parts,
      acquire: (job, deviceId) => this.#acquire(job, deviceId),
      take: (job, track, reason) => this.#take(job, track, reason),
      report: (track, reason) => this.report({ track }, reason),
    });
    this.sound = new SoundWatch(parts.scope, {
      onZeros: () => this.#refresh(),
      onDead: () => this.#needs("renewal"),
      onSoundWhileMuted: () => parts.interruptions.set({ "device-muted": false }),
      onStillMuted: (mutedMs, waited) => this.#onStillMuted(mutedMs, waited),
    });
  }

  /** The first track is in use. */
  begin(): void {
    const { scope, holder, onFailed } = this.#parts;
    this.#permission = new PermissionWatch(scope, (state) => {
      if (state === "denied" && (holder.held !== undefined || this.#errands.isBusy)) onFailed(permissionWithdrawn());
      if (state === "granted") this.forgive();
      this.#refresh();
    });
    onDevicesChanged(scope, () => {
      this.#pacing.hurry();
      this.#refresh();
    });
    this.#refresh();
    this.mend();
  }

  /** The track in use has ended. A prompt that is open, for a better one, keeps the search for another waiting no longer. */
  onEnded(): void {
    this.#errands.callOff();
    this.mend();
  }

  /** Another track is in use from now on. */
  onHeld(track: MediaStreamTrack): void {
    this.#errands.acquired();
    this.#need = undefined;
    void this.#permission?.renew();
    this.sound.begin(track.muted);
    if (track.muted) this.sound.muted(true);
    this.#refresh();
  }

  /** The track in use is heard again, after a pause. */
  onResumed(): void {
    const { track } = this.#parts.holder;
    this.sound.begin(false);
    if (track?.muted) this.sound.muted(true);
  }

  /** Another track is in use. */
  report(acquired: Acquired, reason: DeviceChangeReason): void {
    this.#pacing.reset();
    this.#parts.onDeviceChange(acquired.track, reason);
    this.warnOfFallback(acquired);
  }

  /** Says so if it is not the chosen device, and goes back to that one when it is there. */
  warnOfFallback({ track, insteadOf }: Acquired): void {
    if (insteadOf === undefined) return;
    this.#missed ??= { identity: { deviceId: insteadOf, label: "" }, others: new Set() };
    this.#parts.onWarning(deviceFallback(insteadOf, track.label));
  }

  /** Goes back to no other device: this one was chosen. */
  forget(): void {
    this.#missed = undefined;
    this.#return.forget();
  }

  /** The person, or the page for them, asks for the microphone again. */
  forgive(): void {
    this.#refused = false;
    this.#pacing.reset();
  }

  /** Nothing is heard, and nothing needed, until another track is in use. */
  rest(): void {
    this.#need = undefined;
    this.sound.begin(false);
    this.#return.forget();
  }

  /** Calls off what is under way. */
  callOff(): void {
    this.#errands.callOff();
  }

  /** Mends what is to be mended, if anything is. */
  mend(): void {
    const { scope, mayMend } = this.#parts;
    if (this.#permission === undefined || this.#errands.isBusy || scope.disposed || !mayMend()) return;
    const errand = this.#nextErrand();
    if (errand !== undefined) void this.#run(scope.child("device"), errand);
  }

  async #run(job: Scope, errand: Errand): Promise<void> {
    this.#pacing.begun();
    await this.#errands.run(job, errand, (error) => {
      if (job === this.#parts.holder.held?.scope) return;
      void job.dispose(error);
      if (isAudioStreamError(error, "permission-denied")) this.#refused = true;
      else this.#pacing.failed();
    });
    this.mend();
  }

  #nextErrand(): Errand | undefined {
    const { held } = this.#parts.holder;
    if (held === undefined) return (job) => (this.#return.isToRestore ? this.#return.restore(job) : this.#search(job));
    if (this.#refused) return undefined;
    if (this.#need !== undefined) return (job) => this.#mendNeed(job, held);
    if (!this.#pacing.isDue) return undefined;
    const { latest } = this.#lists;
    const { alias } = held;
    const missed = this.#missed;
    const returned = missed && latest?.find(missed.identity, missed.others);
    if (latest !== undefined && returned === undefined) this.#return.gone();
    const current = alias && latest?.behind(alias);
    // A device that was chosen and is there comes before what the system has chosen in its place.
    if (alias && current && (returned === undefined || followedAlias(this.#parts.asked().deviceId) !== undefined)) {
      if (isSameDevice(current, held.identity) !== false) return undefined;
      const isMissed = missed !== undefined && isSameDevice(missed.identity, current) === true;
      const deviceId = current.deviceId || alias;
      return (job) => (isMissed ? this.#goBack(job, deviceId) : this.#follow(job, alias, deviceId));
    }
    if (returned !== undefined && returned !== held.identity.deviceId) return (job) => this.#goBack(job, returned);
    if (returned !== undefined) this.#missed = undefined;
    return undefined;
  }

  /** Looks for the lost device, or another. If there is none, the capture has failed. */
  async #search(job: Scope): Promise<void> {
    const { holder, asked, onFailed } = this.#parts;
    const lost = this.#missed ?? holder.lost;
    try {
      if (this.#refused || (await this.#permission?.isWithdrawn())) throw permissionWithdrawn();
      job.signal.throwIfAborted();
      this.#flaps = systemClock.now() - this.#foundAt < FLAPPING_MS ? this.#flaps + 1 : 0;
      const limitMs = asked().deviceLossTimeoutMs ?? MICROPHONE_DEFAULTS.deviceLossTimeoutMs;
      const acquired = await searchTrack(job, { asked: asked(), lost, limitMs, flaps: this.#flaps });
      this.#foundAt = systemClock.now();
      await holder.replace(job, acquired.track);
      const found = holder.held;
      this.#missed = found && lost && isSameDevice(lost.identity, found.identity) !== true ? lost : undefined;
      this.report(acquired, "device-lost");
    } catch (error) {
      // One that ended at once is not the last that there is.
      if (job.disposed || isAudioStreamError(error, "device-in-use")) throw error;
      onFailed(toCaptureError(error));
    }
  }

  /** Follows an alias of the system's. @param deviceId of the device behind it, or the alias. */
  async #follow(job: Scope, alias: string, deviceId: string): Promise<void> {
    const track = await this.#acquire(job, deviceId);
    await this.#take(job, track, "default-changed");
    this.#parts.holder.held?.follows(alias);
  }

  async #goBack(job: Scope, deviceId: string): Promise<void> {
    if (await this.#return.to(job, deviceId)) this.#missed = undefined;
    else this.#pacing.failed();
  }

  /** Opens the device in use anew, or another one. */
  async #mendNeed(job: Scope, held: HeldDevice): Promise<void> {
    const { holder, asked } = this.#parts;
    const { deviceId } = held.identity;
    const ids = this.#need === "another" ? (this.#lists.latest?.microphoneIds ?? []) : [];
    this.#need = undefined;
    const other = await acquireUnmuted(job, asked(), ids, deviceId);
    if (other !== undefined) {
      await this.#take(job, other, "device-lost");
      this.#missed ??= held.lost;
      this.#pacing.rest();
      return;
    }
    // Chromium may give the same dead source again as long as it is held. Where a person may be asked, it is kept until
    // they have said yes.
    const permission = await permissionWithin(job);
    job.signal.throwIfAborted();
    if (permission?.state === "granted") holder.lose();
    await this.#take(job, await this.#acquire(job, deviceId), "renewed");
  }

  /** Acquires this device, or what was asked for if its id is not known. */
  async #acquire(job: Scope, deviceId: string): Promise<MediaStreamTrack> {
    const asked = this.#parts.asked();
    return acquireTrack(job, deviceId === "" ? asked : { ...asked, deviceId: { exact: deviceId } });
  }

  /** Captures from the track in place of the one before. */
  async #take(job: Scope, track: MediaStreamTrack, reason: DeviceChangeReason): Promise<void> {
    const before = await this.#parts.holder.replace(job, track);
    void before?.scope.dispose();
    this.report({ track }, reason);
  }

  #needs(need: "renewal" | "another"): void {
    if (!this.#parts.mayMend()) return;
    this.#need = need;
    this.mend();
  }

  #onStillMuted(mutedMs: number, waited: number): void {
    if (waited === 1 && this.#parts.mayMend()) this.#parts.onWarning(mutedForLong(mutedMs));
    this.#needs(waited > 1 ? "another" : "renewal");
  }

  /** Lets speak what the browser lists. */
  #onList(list: DeviceList): void {
    const { scope, holder, onGone } = this.#parts;
    const sighting = holder.look(list, followedAlias(this.#parts.asked().deviceId));
    // Meanwhile the system may have led the sound of another device to the track.
    if (sighting === "back") this.#need = "renewal";
    // What is heard is there, whatever the list says.
    if (sighting === "missing" && !this.sound.isHeard) onGone();
    else if (sighting === "missing") scope.timeout(UNLISTED_CHECK_MS, () => this.#refresh(), "device list");
    this.mend();
  }

  #refresh(): void {
    if (this.#permission !== undefined) void this.#lists.refresh();
  }
}
