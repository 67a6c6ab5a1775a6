/** A thread that dies of the second message it gets. Others like it do so, too. */
import { parentPort } from "node:worker_threads";

let messages = 0;
parentPort?.on("message", () => {
  messages += 1;
  if (messages > 1) process.exit(9);
});
// After this listener comes that of the thread that writes.
void import("../../../examples/server/recording/disk/append-thread.js");
