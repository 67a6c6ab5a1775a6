/** A custom element that shows what is spoken. */
export { type CaptionsElement, defineCaptionsElement } from "./captions-element.js";
export type { CaptionsTexts } from "./captions-texts.js";
