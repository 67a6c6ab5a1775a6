export { type Playback, playback } from "./playback.js";
export {
  HalfDuplexChangeEvent,
  InterruptedEvent,
  PlaybackErrorEvent,
  PlaybackEvent,
  type PlaybackEventMap,
} from "./playback-events.js";
export type { HalfDuplexOptions, PlaybackOptions } from "./playback-options.js";
