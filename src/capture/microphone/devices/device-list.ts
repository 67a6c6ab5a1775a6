/** By what a device is known again. A group is no identity: Firefox gives unlike devices one. */
export interface DeviceIdentity {
  /** Empty if the browser does not say. */
  readonly deviceId: string;
  readonly label: string;
}

/** What {@link DeviceList} needs of a device. */
export type ListedDevice = Pick<MediaDeviceInfo, "deviceId" | "groupId" | "label">;

/** Ids that stand for a device which the system chooses, and which may be another a moment later. */
const ALIASES: readonly string[] = ["default", "communications"];

/** Names that PulseAudio gives to what an output plays, in some languages. */
const MONITOR = /^(?:monitor|moniteur) (?:of|von|van|de|des|di|do|för|af|av) /i;

export const isAlias = (deviceId: string): boolean => ALIASES.includes(deviceId);

/** Whether it records what an output plays, and no microphone. */
export const isMonitor = (label: string): boolean => MONITOR.test(label);

/** The microphones as the browser listed them at one moment. */
export class DeviceList {
  /** Real devices, each once; without an id before the permission. */
  readonly devices: readonly ListedDevice[];
  readonly #aliases: readonly ListedDevice[];

  constructor(listed: readonly ListedDevice[]) {
    const isFirst = ({ deviceId }: ListedDevice, at: number): boolean =>
      deviceId === "" || listed.findIndex((other) => other.deviceId === deviceId) === at;
    const once = listed.filter(isFirst);
    const real = once.filter(({ deviceId }) => !isAlias(deviceId));
    this.#aliases = once.filter(({ deviceId }) => isAlias(deviceId));
    // Where only aliases are listed, they are what can be chosen.
    this.devices = real.length > 0 ? real : this.#aliases.slice(0, 1);
  }

  /** The device that the system has chosen as the default; `undefined` if that cannot be seen. */
  get default(): ListedDevice | undefined {
    const alias = this.#aliases.find(({ deviceId }) => deviceId === "default");
    // Browsers without aliases list the default device first, as the specification has it.
    return alias === undefined ? this.devices[0] : (this.#named(alias) ?? this.devices.find((only) => only === alias));
  }

  /** The ids of what can be asked for one by one: no aliases, and no monitors of outputs. */
  get microphoneIds(): string[] {
    const real = this.devices.filter(({ deviceId, label }) => !isAlias(deviceId) && !isMonitor(label));
    return real.map(({ deviceId }) => deviceId).filter((deviceId) => deviceId !== "");
  }

  /** The device that an alias stands for now; `undefined` if the browser does not list the alias. */
  behind(alias: string): DeviceIdentity | undefined {
    const entry = this.#aliases.find(({ deviceId }) => deviceId === alias);
    return entry && (this.#named(entry) ?? { deviceId: "", label: entry.label });
  }

  /** The device that a track captures, also if it was opened by an alias. */
  identify({ deviceId, groupId, label }: ListedDevice): DeviceIdentity {
    if (!isAlias(deviceId)) return { deviceId, label };
    // The track's own name says what it was opened with; the list may have changed since.
    return this.#named({ deviceId, groupId, label }) ?? { deviceId: "", label };
  }

  /** Whether the device is listed; `undefined` if that cannot be known. */
  has({ deviceId }: DeviceIdentity): boolean | undefined {
    return deviceId === "" ? undefined : this.devices.some((device) => device.deviceId === deviceId);
  }

  /**
   * The id that the device has now, which may be another after it was plugged in again; `undefined` while it is gone.
   * @param others ids that were listed beside it, and are therefore other devices, whatever their name.
   */
  find(lost: DeviceIdentity, others: ReadonlySet<string>): string | undefined {
    const again =
      this.devices.find(({ deviceId }) => deviceId !== "" && deviceId === lost.deviceId) ??
      this.devices.find(({ deviceId, label }) => label !== "" && label === lost.label && !others.has(deviceId));
    return again?.deviceId || undefined;
  }

  /** The ids of all devices but this one. */
  others({ deviceId }: DeviceIdentity): Set<string> {
    return new Set(this.devices.map((device) => device.deviceId).filter((other) => other !== "" && other !== deviceId));
  }

  /** The real device that an alias names ("Default - Headset"); if the name does not help, the only one of its group. */
  #named({ label, groupId }: ListedDevice): ListedDevice | undefined {
    const real = this.devices.filter(({ deviceId }) => !isAlias(deviceId));
    const sameGroup = real.filter((device) => groupId !== "" && device.groupId === groupId);
    const named = real.filter((device) => isNameOf(device.label, label));
    const longest = Math.max(...named.map((device) => device.label.length));
    const best = named.filter((device) => device.label.length === longest);
    if (best.length > 0) return best.find((device) => sameGroup.includes(device)) ?? best[0];
    return sameGroup.length === 1 ? sameGroup[0] : undefined;
  }
}

/** Whether both are one device, as far as can be seen; `undefined` if too little is known of one of them. */
export function isSameDevice(a: DeviceIdentity, b: DeviceIdentity): boolean | undefined {
  if (a.deviceId !== "" && b.deviceId !== "") return a.deviceId === b.deviceId;
  if (a.label === "" || b.label === "") return undefined;
  return a.label === b.label || isNameOf(a.label, b.label) || isNameOf(b.label, a.label);
}

/** Browsers put "Default - ", in the person's language, before the name of the device behind an alias. */
const isNameOf = (name: string, aliasLabel: string): boolean =>
  name !== "" && (aliasLabel === name || aliasLabel.endsWith(` - ${name}`));
