/** Entry `loquilex/gate`. */
export type { VoiceGate } from "../capture/gate.js";
export { SpeechEvent } from "./speech-event.js";
export { type VoiceGateOptions, voiceGate } from "./voice-gate.js";
