/** What the function that the build makes gives: see `playback-code.ts`. */
export { openPlayback } from "./downlink/open-playback.js";
