export { type MixSource, mix } from "./mix.js";
export type { MixFigures, MixSources } from "./mix-sources.js";
