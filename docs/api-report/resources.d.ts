declare function withSignal<T>(promise: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T>;
interface BoundedQueueOptions<T> {
  readonly maxCost: number;
  readonly costOf?: ((item: T) => number) | undefined;
  readonly now?: (() => number) | undefined;
}
interface BoundedQueueMetrics {
  readonly pushed: number;
  readonly dropped: number;
  readonly droppedSinceRead: number;
  readonly lastDropAt: number | undefined;
  readonly lastDropReason: string | undefined;
  readonly cost: number;
  readonly peakCost: number;
}
declare class BoundedQueue<T> {
  #private;
  constructor(options: BoundedQueueOptions<T>);
  get size(): number;
  get cost(): number;
  readMetrics(): BoundedQueueMetrics;
  push(item: T): readonly T[];
  peek(): T | undefined;
  shift(): T | undefined;
  drain(): T[];
  discard(reason: string): void;
  clear(): void;
}
interface Clock {
  now(): number;
  schedule(delayMs: number, callback: () => void): () => void;
}
declare const systemClock: Clock;
interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}
declare function deferred<T>(): Deferred<T>;
type Random = () => number;
declare function randomId(): string;
declare const asyncDispose: typeof Symbol.asyncDispose;
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
export { BoundedQueue, type BoundedQueueMetrics, type BoundedQueueOptions, type Clock, type Deferred, type DisposalFailure, type DisposalReport, type Disposer, type Random, type Registration, type ResourceChange, type ResourceInfo, Scope, type ScopeOptions, deferred, randomId, systemClock, withSignal };