import { MicrophoneStreamOptions } from "./shared-microphone-stream.js";
import { AudioStream } from "./shared-audio-stream.js";
import { UrlProvider } from "./shared-transport.js";

interface CaptionsTexts {
  readonly start: string;
  readonly stop: string;
  readonly microphone: string;
  readonly defaultMicrophone: string;
  readonly level: string;
  readonly captions: string;
  readonly starting: string;
  readonly reconnecting: string;
  readonly interrupted: string;
  readonly lost: string;
}
interface CaptionsElement extends HTMLElement {
  url: UrlProvider;
  options: MicrophoneStreamOptions;
  texts: Partial<CaptionsTexts>;
  readonly stream: AudioStream | undefined;
  start(): Promise<void>;
  close(): Promise<void>;
  abort(): void;
}
declare function defineCaptionsElement(name?: string): void;
export { type CaptionsElement, type CaptionsTexts, defineCaptionsElement };