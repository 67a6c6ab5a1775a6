import type { Scope } from "./scope.js";
import { scriptUrl } from "./script-url.js";
import { trustedUrl } from "./trusted-url.js";

/** Where a worker's code comes from: an address, or text. */
export type WorkerCode = { readonly url: string } | { readonly source: string };

/**
 * Starts a worker that ends with the scope, at once. @throws what the browser throws, mostly a `SecurityError`.
 * A policy or an address that is wrong shows as an `error` event later on.
 */
export function startWorker(scope: Scope, code: WorkerCode): Worker {
  if ("url" in code) return keep(scope, code.url);
  const url = scriptUrl(code.source);
  // A browser may fetch the code later than here.
  scope.defer("worker's code", () => URL.revokeObjectURL(url));
  return keep(scope, url);
}

function keep(scope: Scope, url: string): Worker {
  const worker = new Worker(trustedUrl(url), { name: "loquilex" });
  scope.defer("worker", () => worker.terminate());
  return worker;
}
