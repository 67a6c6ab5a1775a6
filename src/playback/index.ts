export { type Playback, playback } from "./playback.js";
export { InterruptedEvent, PlaybackErrorEvent, PlaybackEvent, type PlaybackEventMap } from "./playback-events.js";
export type { PlaybackOptions } from "./playback-options.js";
