declare const asyncDispose: typeof Symbol.asyncDispose;
interface Clock {
  now(): number;
  schedule(delayMs: number, callback: () => void): () => void;
}
declare const systemClock: Clock;
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
type Disposer = () => unknown;
interface ScopeOptions {
  readonly name: string;
  readonly clock?: Clock | undefined;
  readonly stepTimeoutMs?: number | undefined;
  readonly onReport?: ((report: DisposalReport) => void) | undefined;
  readonly onChange?: ((change: ResourceChange) => void) | undefined;
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
export { Clock, DisposalFailure, DisposalReport, Disposer, Registration, ResourceChange, ResourceInfo, Scope, ScopeOptions, asyncDispose, systemClock };