declare class SpeechEvent extends Event {
  readonly position: number;
  constructor(type: "speechstart" | "speechend", position: number);
}
interface VoiceGate {
  readonly name: "voice";
}
export { SpeechEvent, VoiceGate };