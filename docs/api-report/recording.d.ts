import { Recording, RecordingOptions, recording } from "./shared-recording.js";
export { type Recording, type RecordingOptions, recording };