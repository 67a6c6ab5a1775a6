import { AudioSource } from "./shared-errors.js";

interface MixSources {
  readonly left: AudioSource;
  readonly right: AudioSource;
}
interface MixFigures {
  readonly driftPpm: number;
  readonly skewMs: number;
}
interface MixSource extends AudioSource {
  readonly figures: MixFigures | undefined;
}
declare function mix(sources: MixSources): MixSource;
export { type MixFigures, type MixSource, type MixSources, mix };