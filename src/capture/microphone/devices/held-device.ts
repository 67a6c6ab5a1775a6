import type { Scope } from "../../../internal/scope.js";
import { type DeviceIdentity, type DeviceList, isAlias, isSameDevice } from "./device-list.js";
import type { LostDevice } from "./device-search.js";

/** `"missing"` if the browser listed the device before, and does no more; `"back"` if it does again; else `"there"`. */
export type Sighting = "there" | "missing" | "back";

/** A track that is captured, and what is known of its device. */
export class HeldDevice {
  /** Owns the track, unless the caller gave it, and what listens to it. */
  readonly scope: Scope;
  readonly track: MediaStreamTrack;
  #identity: DeviceIdentity;
  #identified = false;
  #listed = false;
  #isMissing = false;
  #others: ReadonlySet<string> = new Set();
  #alias: string | undefined;

  constructor(scope: Scope, track: MediaStreamTrack) {
    this.scope = scope;
    this.track = track;
    this.#identity = identityOf(track);
  }

  /** The real device behind the track, as far as it is known. */
  get identity(): DeviceIdentity {
    return this.#identity;
  }

  /** The alias that stood for it when it was opened, and whose device is to be followed. */
  get alias(): string | undefined {
    return this.#alias;
  }

  /** It was opened because this alias stands for it. */
  follows(alias: string): void {
    this.#alias = alias;
  }

  /** By what it is known again once it is lost. */
  get lost(): LostDevice {
    return { identity: this.#identity, others: this.#others };
  }

  /**
   * Takes notice of what the browser lists.
   * @param alias that was asked for, if one was.
   */
  look(list: DeviceList, alias: string | undefined): Sighting {
    const settings = this.track.getSettings();
    if (!this.#identified) {
      const { deviceId = "", groupId = "" } = settings;
      this.#identity = list.identify({ deviceId, groupId, label: this.track.label });
      const current = alias === undefined ? undefined : list.behind(alias);
      if (isAlias(deviceId)) this.#alias = deviceId;
      else if (current !== undefined && isSameDevice(current, this.#identity) === true) this.#alias ??= alias;
      this.#identified = true;
    }
    const listed = list.has(this.#identity);
    if (listed === undefined) return "there";
    const wasMissing = this.#isMissing;
    this.#isMissing = this.#listed && !listed;
    if (this.#isMissing) return "missing";
    this.#listed = listed;
    this.#others = list.others(this.#identity);
    return wasMissing ? "back" : "there";
  }
}

function identityOf(track: MediaStreamTrack): DeviceIdentity {
  const { deviceId = "" } = track.getSettings();
  return { deviceId: isAlias(deviceId) ? "" : deviceId, label: track.label };
}
