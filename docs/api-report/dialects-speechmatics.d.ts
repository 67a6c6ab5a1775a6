declare const asyncDispose: typeof Symbol.asyncDispose;
interface Clock {
  now(): number;
  schedule(delayMs: number, callback: () => void): () => void;
}
type Disposer = () => unknown;
interface ScopeOptions {
  readonly name: string;
  readonly clock?: Clock | undefined;
  readonly stepTimeoutMs?: number | undefined;
  readonly onReport?: ((report: DisposalReport) => void) | undefined;
  readonly onChange?: ((change: ResourceChange) => void) | undefined;
}
interface ResourceChange {
  readonly type: "acquired" | "released";
  readonly owner: string;
  readonly resource: string;
}
interface DisposalFailure {
  readonly resource: string;
  readonly error: unknown;
}
interface DisposalReport {
  readonly scope: string;
  readonly failures: readonly DisposalFailure[];
}
interface ResourceInfo {
  readonly owner: string;
  readonly resource: string;
  readonly ageMs: number;
}
interface Registration {
  dispose(): void;
  release(): void;
}
declare class Scope implements AsyncDisposable {
  #private;
  readonly name: string;
  constructor(options: ScopeOptions);
  get signal(): AbortSignal;
  get disposed(): boolean;
  child(name: string): Scope;
  defer(resource: string, dispose: Disposer): Registration;
  timeout(delayMs: number, callback: () => void, resource?: string): Registration;
  listen<E extends Event>(target: EventTarget, type: string, listener: (event: E) => void, options?: AddEventListenerOptions): Registration;
  follow(signal: AbortSignal | undefined, callback: (reason: unknown) => void): Registration;
  resources(): ResourceInfo[];
  dispose(reason?: unknown): Promise<DisposalReport>;
  [asyncDispose](): Promise<void>;
}
type Bytes = ReturnType<typeof Uint8Array.of>;
interface ConnectContext {
  readonly attempt: number;
  readonly signal: AbortSignal;
}
interface Transport {
  connect(options: TransportConnectOptions): Promise<TransportConnection>;
}
interface TransportConnectOptions extends ConnectContext {
  readonly scope?: Scope | undefined;
  readonly streamScope?: Scope | undefined;
  onMessage(data: string | Bytes): void;
}
interface TransportConnection {
  readonly bufferedBytes: number;
  readonly closed: Promise<TransportCloseInfo>;
  send(data: string | Bytes): void;
  close(code: number, reason: string): void;
}
interface TransportCloseInfo {
  readonly code: number;
  readonly reason: string;
  readonly clean: boolean;
}
type Check<T> = (value: unknown, path: string) => T;
type Checked<C> = C extends Check<infer T> ? T : never;
declare const encoding: Check<"mulaw" | "opus" | "pcm_f32le" | "pcm_s16le">;
type AudioEncoding = Checked<typeof encoding>;
interface AudioFormat {
  readonly encoding: AudioEncoding;
  readonly sampleRate: number;
  readonly channelCount: number;
}
type RemoteMessage = string | Bytes;
interface Dialect {
  readonly name: string;
  readonly terms: DialectTerms;
  refuse(format: AudioFormat): string | undefined;
  address(request: DialectRequest): RemoteAddress;
  session(request: DialectRequest): DialectSession;
}
interface DialectRequest {
  readonly format: AudioFormat;
  readonly token: string | undefined;
}
interface RemoteAddress {
  readonly url: string | URL;
  readonly protocols?: readonly string[] | undefined;
}
interface DialectTerms {
  readonly messageMs: {
    readonly min: number;
    readonly max: number;
  };
  readonly pace: number;
  readonly keepaliveMs?: number | undefined;
  readonly silenceMs?: number | undefined;
  readonly sessionMs?: number | undefined;
  readonly wordsWithinMs?: number | undefined;
  readonly finishMs: number;
  readonly endsSilently?: boolean | undefined;
}
interface DialectSession {
  open(): readonly RemoteMessage[];
  readonly isReadyWhenOpen?: boolean | undefined;
  audio(payload: Bytes): RemoteMessage;
  keepalive?(): RemoteMessage;
  finish(): readonly RemoteMessage[];
  receive(message: RemoteMessage): readonly DialectEvent[];
  settle?(isEnd: boolean): readonly DialectEvent[];
  judge(code: number, reason: string): Verdict | "finished";
}
interface DialectWord {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}
type DialectEvent = /** The service has taken the session up, and audio may come. */{
  readonly type: "ready";
} | {
  readonly type: "caption"; /** Names the utterance within the session; a later caption of the same name takes its place. */
  readonly segment: string;
  readonly final: boolean;
  readonly text: string; /** @defaultValue unknown */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly words?: readonly DialectWord[] | undefined;
  readonly speaker?: string | undefined;
  readonly language?: string | undefined;
} /** The caption of this segment holds no longer. */ | {
  readonly type: "void";
  readonly segment: string;
} /** Every word before this time has been said in a final caption: that audio is not needed any more. */ | {
  readonly type: "settled";
  readonly to: number;
} /** The service has said everything. */ | {
  readonly type: "finished";
} /** The service refuses to go on. */ | {
  readonly type: "refused";
  readonly verdict: Verdict;
};
interface Verdict {
  readonly kind: "temporary" | "busy" | "token" | "final";
  readonly detail: string;
  readonly retryAfterMs?: number | undefined;
}
interface DialectTransportOptions {
  readonly WebSocket?: typeof WebSocket | undefined;
}
interface SpeechmaticsOptions {
  readonly url?: string | URL | undefined;
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}
declare function speechmatics(options?: SpeechmaticsOptions & DialectTransportOptions): Transport;
declare function speechmaticsDialect({
  url,
  config
}?: SpeechmaticsOptions): Dialect;
export { SpeechmaticsOptions, speechmatics, speechmaticsDialect };