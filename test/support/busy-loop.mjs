/** Loaded into a backend that a test starts: while the file at `TEST_BUSY` exists, the event loop is late with everything. */
import { existsSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const BUSY_MS = 300;
const REST_MS = 5;

const file = process.env.TEST_BUSY;
if (isMainThread && file !== undefined) {
  setInterval(() => {
    if (!existsSync(file)) return;
    for (const until = performance.now() + BUSY_MS; performance.now() < until; );
  }, REST_MS).unref();
}
