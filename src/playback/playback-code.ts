/**
 * The code that takes the server's audio for the page, and the same as text for a worker. The build puts one self-contained
 * function in the place of this module, as it does with `host/running/running-code.ts`.
 */
export { openPlayback } from "./downlink/open-playback.js";

/** `undefined` where the sources run as they are. */
export const playbackSource: (() => string) | undefined = undefined;
