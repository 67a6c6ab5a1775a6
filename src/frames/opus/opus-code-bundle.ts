/** What the function that the build makes gives: see `opus-code.ts`. */
export { openOpus } from "./open-opus.js";
