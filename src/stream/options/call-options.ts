import { checkBoolean, checkObject, checkSignal, numberFrom, optional } from "../../internal/arguments.js";
import { DEFAULTS } from "./defaults.js";
import type { AbortOptions, CloseOptions, PauseOptions } from "./options.js";

/** The signal that bounds a call. @throws TypeError for options or a signal that are none. */
export function signalOf(options: AbortOptions): AbortSignal | undefined {
  checkObject("options", options);
  optional(checkSignal)("signal", options.signal);
  return options.signal;
}

/** Whether a pause releases the device. @throws TypeError for options that are none. */
export function releasesDevice(options: PauseOptions): boolean {
  checkObject("options", options);
  const { releaseDevice = DEFAULTS.pause.releaseDevice } = options;
  return checkBoolean("releaseDevice", releaseDevice);
}

/** How long a call to close may take, and its signal. @throws TypeError or RangeError for options that cannot be. */
export function checkedClose(options: CloseOptions): { signal: AbortSignal | undefined; timeoutMs: number } {
  const signal = signalOf(options);
  const { timeoutMs = DEFAULTS.close.timeoutMs } = options;
  return { signal, timeoutMs: numberFrom(0, 3_600_000)("timeoutMs", timeoutMs) };
}

type Refused<T> = { readonly [K in keyof T]?: undefined } & { readonly refused: Promise<never> };

/** What `read` returns, or a promise that rejects with what it throws, for calls that do not make their own promise. */
export function readOrRefuse<T extends object>(read: () => T): (T & { readonly refused?: undefined }) | Refused<T> {
  try {
    return read();
  } catch (error) {
    return { refused: Promise.reject(error) } as Refused<T>;
  }
}
