/**
 * The encoder's code for the page, and the same as text for a worker. The build puts one self-contained function in the place
 * of this module, as it does with `host/running/running-code.ts`.
 */
export { openOpus } from "./open-opus.js";

/** `undefined` where the sources run as they are. */
export const opusSource: (() => string) | undefined = undefined;
