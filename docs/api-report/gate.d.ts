import { SpeechEvent, VoiceGate } from "./shared-gate.js";

interface VoiceGateOptions {
  readonly silence?: "withhold" | "send" | undefined;
  readonly preRollMs?: number | undefined;
  readonly hangoverMs?: number | undefined;
  readonly thresholdDb?: number | undefined;
}
declare function voiceGate(options?: VoiceGateOptions): VoiceGate;
export { SpeechEvent, type VoiceGate, type VoiceGateOptions, voiceGate };