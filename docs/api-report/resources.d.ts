import { Clock, DisposalFailure, DisposalReport, Disposer, Registration, ResourceChange, ResourceInfo, Scope, ScopeOptions, systemClock } from "./shared-scope.js";

type Random = () => number;
declare function randomId(): string;
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
interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}
declare function deferred<T>(): Deferred<T>;
export { BoundedQueue, type BoundedQueueMetrics, type BoundedQueueOptions, type Clock, type Deferred, type DisposalFailure, type DisposalReport, type Disposer, type Random, type Registration, type ResourceChange, type ResourceInfo, Scope, type ScopeOptions, deferred, randomId, systemClock, withSignal };