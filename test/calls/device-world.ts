import type { AudioSource } from "../../src/capture/source.js";

/** Devices of one run: they answer, hold, deny, vanish, go silent and are swapped as the run wants it. */
export interface DeviceWorld {
  readonly source: AudioSource;
  /** What `setDevice()` may be called with. */
  readonly devices: readonly string[];
  /** How many devices are in use. */
  readonly held: number;
  /** Whether a device that was granted is with its source at once, and not on its way for a moment. */
  readonly isPrompt: boolean;
  /** The device that is captured from; `undefined` when that is none or not known. */
  readonly device: string | undefined;
  /** Sound for a moment, from whatever is in use. @returns whether something heard it. */
  speak(): boolean;
  /** Something happens to the devices. @returns what. */
  disturb(): string;
  /** From now on everything answers, and what waits for an answer gets it. */
  relent(): void;
  /** Whether something happened that may rightly end the stream, or keep a call from its aim. */
  readonly mayFail: boolean;
  /** Nothing of it is needed any more. */
  leave(): void;
}
