export { type Recording, recording } from "./recording.js";
export type { RecordingOptions } from "./recording-options.js";
