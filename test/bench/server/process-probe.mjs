/**
 * Loaded into a server that is measured: whoever connects to the socket at `LX_BENCH_PROBE` is told, as one line of JSON,
 * the delays of the event loop since the last time, and the memory after a collection.
 */
import { createServer } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

const path = process.env.LX_BENCH_PROBE;
if (isMainThread && path !== undefined) {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  const delays = monitorEventLoopDelay({ resolution: 5 });
  delays.enable();
  const probe = createServer((socket) => {
    const found = { p50: delays.percentile(50) / 1e6, p99: delays.percentile(99) / 1e6, max: delays.max / 1e6 };
    // As if the system had no memory left, so that the heap gives back what it keeps for later.
    collect({ type: "major", execution: "sync", flavor: "last-resort" });
    socket.end(`${JSON.stringify({ loopDelayMs: found, memory: process.memoryUsage() })}\n`);
    delays.reset();
  });
  probe.unref();
  probe.listen(path);
}
