export { type OggOpus, type OggOpusOptions, oggOpus } from "./opus/ogg-opus.js";
export { type Recording, recording } from "./recording.js";
export type { RecordingOptions } from "./recording-options.js";
