/// <reference lib="esnext.disposable" preserve="true" />
/** Lifetimes and clocks for backends and applications that want the SDK's own way of owning resources. */
export { withSignal } from "./internal/abort.js";
export { BoundedQueue, type BoundedQueueMetrics, type BoundedQueueOptions } from "./internal/bounded-queue.js";
export { type Clock, systemClock } from "./internal/clock.js";
export { type Deferred, deferred } from "./internal/deferred.js";
export { type Random, randomId } from "./internal/random.js";
export type { DisposalFailure, DisposalReport, ResourceChange, ResourceInfo } from "./internal/resource-reports.js";
export {
  type Disposer,
  type Registration,
  Scope,
  type ScopeOptions,
} from "./internal/scope.js";
