/**
 * Loaded into a backend: terminates the thread that writes recordings ten times a second, from the first one on, in the
 * middle of whatever it does.
 */

import { syncBuiltinESMExports } from "node:module";
import workers, { isMainThread } from "node:worker_threads";

if (isMainThread) {
  workers.Worker = class extends workers.Worker {
    constructor(code, options) {
      super(code, options);
      if ("lease" in (options.workerData ?? {}))
        this.once("online", () => setTimeout(() => this.terminate(), 100).unref());
    }
  };
  syncBuiltinESMExports();
}
