import { AnyAudioStreamError, AudioSource, CloseInfo, ConnectionState, StreamState } from "./shared-errors.js";
import { ResourceInfo, asyncDispose } from "./shared-scope.js";
import { TypedEventTarget } from "./shared-playback.js";
import { AbortOptions, AudioStreamEventMap, AudioStreamOptions, CloseOptions, PauseOptions, ServerEvent } from "./shared-options.js";
import { Transport } from "./shared-transport.js";

interface AudioStreamParts {
  readonly source: AudioSource;
  readonly transport: Transport;
}
interface StreamStats {
  readonly timestamp: DOMHighResTimeStamp;
  readonly host: "page" | "worker" | undefined;
  readonly capturedDurationMs: number;
  readonly sentDurationMs: number;
  readonly acknowledgedDurationMs: number;
  readonly framesCaptured: number;
  readonly samplesCaptured: number;
  readonly withheldDurationMs: number;
  readonly framesSent: number;
  readonly framesRetransmitted: number;
  readonly droppedDurationMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly bufferedFrames: number;
  readonly bufferedDurationMs: number;
  readonly bufferedBytes: number;
  readonly roundTripTimeMs: number | undefined;
  readonly reconnectCount: number;
  readonly captureGapCount: number;
  readonly clockDriftPpm: number | undefined;
  readonly audioLevel: number;
  readonly rmsLevel: number;
}
declare class AudioStream<Message = ServerEvent> extends TypedEventTarget<AudioStreamEventMap<Message>> implements AsyncDisposable {
  #private;
  constructor(parts: AudioStreamParts, options?: AudioStreamOptions);
  get state(): StreamState;
  get connectionState(): ConnectionState;
  get error(): AnyAudioStreamError | undefined;
  get paused(): boolean;
  get muted(): boolean;
  set muted(muted: boolean);
  get track(): MediaStreamTrack | undefined;
  get sessionId(): string;
  get signal(): AbortSignal;
  get closed(): Promise<CloseInfo>;
  warmUp(options?: AbortOptions): Promise<void>;
  start(options?: AbortOptions): Promise<void>;
  pause(options?: PauseOptions): Promise<void>;
  resume(options?: AbortOptions): Promise<void>;
  setDevice(deviceId: ConstrainDOMString | undefined, options?: AbortOptions): Promise<void>;
  flush(options?: AbortOptions): Promise<void>;
  close(options?: CloseOptions): Promise<void>;
  retryNow(): void;
  abort(reason?: unknown): void;
  [asyncDispose](): Promise<void>;
  getStats(): Promise<StreamStats>;
  toPageTime(position: number): DOMHighResTimeStamp | undefined;
  resources(): ResourceInfo[];
  messages(options?: AbortOptions): AsyncIterableIterator<Message>;
}
export { AudioStream, AudioStreamParts, StreamStats };