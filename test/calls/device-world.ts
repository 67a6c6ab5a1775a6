import type { AudioSource } from "../../src/capture/source.js";

/** Devices of one run: they answer, hold, deny, vanish, go silent and are swapped as the run wants it. */
export interface DeviceWorld {
  readonly source: AudioSource;
  /** What `setDevice()` may be called with. */
  readonly devices: readonly string[];
  /** How many devices are in use. One that the page has not been handed yet is not. */
  readonly held: number;
  /** How much else is open that the source made. */
  readonly open: number;
  /** How many frames the devices have captured so far, whether anybody listened or not. */
  readonly captured: number;
  /** Whether a call that is overtaken or aborted does nothing any more. */
  readonly isPolite: boolean;
  /** The device that is captured from; `undefined` if that is none or not known. */
  readonly device: string | undefined;
  /** Called whenever the platform is asked for a device. */
  onAsked: () => void;
  /** Sound for a moment, from whatever is in use. */
  speak(): void;
  /** Something happens to the devices. @returns what. */
  disturb(): string;
  /** From now on everything answers, and what waits for an answer gets it, if it ever does. */
  relent(): void;
  /** What never got an answer gets it now. */
  answerLate(): void;
  /** Nothing of it is needed any more. */
  leave(): void;
}
