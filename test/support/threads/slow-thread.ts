/** A recogniser's thread that takes a tenth of a second for each piece of audio, and hears nothing in it. */
import { parentPort } from "node:worker_threads";
import type { ThreadInput } from "../../../examples/server/engines/thread-messages.js";
import { STOP } from "../../../examples/server/processes/thread-stop.js";

parentPort?.on("message", (input: ThreadInput | typeof STOP) => {
  if (input === STOP) parentPort?.close();
  else if (input.type === "audio") {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    parentPort?.postMessage({ type: "heard", bytes: input.samples.byteLength });
  } else if (input.type === "end") parentPort?.postMessage({ type: "ended" });
});
