/** A recogniser's thread that does not look at its port again after the first audio. */
import { parentPort } from "node:worker_threads";

parentPort?.once("message", () => {
  for (;;);
});
