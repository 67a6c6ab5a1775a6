import { AnyAudioStreamError } from "./shared-errors.js";

interface TypedEventTarget<Events> extends EventTarget {
  addEventListener<K extends keyof Events & string>(type: K, listener: (this: this, event: Events[K]) => void, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof Events & string>(type: K, listener: (this: this, event: Events[K]) => void, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}
declare const TypedEventTarget: new <Events>(onListener: (type: string) => void) => TypedEventTarget<Events>;
declare class PlaybackEvent extends Event {
  readonly position: number;
  constructor(type: string, position: number);
}
declare class InterruptedEvent extends PlaybackEvent {
  readonly receivedTo: number;
  constructor(heard: number, receivedTo: number);
}
declare class HalfDuplexChangeEvent extends Event {
  readonly microphoneSilenced: boolean;
  readonly position: number;
  constructor(microphoneSilenced: boolean, position: number);
}
declare class PlaybackErrorEvent extends Event {
  readonly error: AnyAudioStreamError;
  constructor(error: AnyAudioStreamError);
}
interface PlaybackEventMap {
  playbackposition: PlaybackEvent;
  interrupted: InterruptedEvent;
  underrun: PlaybackEvent;
  gap: PlaybackEvent;
  halfduplexchange: HalfDuplexChangeEvent;
  blockedchange: Event;
  error: PlaybackErrorEvent;
}
interface HalfDuplexOptions {
  readonly thresholdDb?: number | undefined;
  readonly holdMs?: number | undefined;
}
interface PlaybackOptions {
  readonly cushionMs?: number | undefined;
  readonly workletUrl?: string | URL | undefined;
  readonly sinkId?: string | undefined;
  readonly output?: ((context: AudioContext) => AudioNode) | undefined;
  readonly halfDuplex?: boolean | HalfDuplexOptions | undefined;
}
interface Playback extends TypedEventTarget<PlaybackEventMap> {
  readonly position: number;
  readonly sampleRate: number | undefined;
  readonly bufferedMs: number;
  readonly activity: "idle" | "playing" | "waiting";
  readonly blocked: boolean;
  readonly microphoneSilenced: boolean;
  interrupt(): void;
  resume(): Promise<void>;
  setSinkId(sinkId: string): Promise<void>;
}
declare function playback(options?: PlaybackOptions): Playback;
export { HalfDuplexChangeEvent, HalfDuplexOptions, InterruptedEvent, Playback, PlaybackErrorEvent, PlaybackEvent, PlaybackEventMap, PlaybackOptions, TypedEventTarget, playback };