/**
 * All dialects as text for a worker. The build puts one self-contained function in the place of this module, as it does with
 * `host/running/running-code.ts`.
 */

/** `undefined` where the sources run as they are. */
export const transportSource: (() => string) | undefined = undefined;
