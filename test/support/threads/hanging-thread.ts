/** A recogniser's thread that does not look at its port again after the first audio. */
import { parentPort } from "node:worker_threads";
import { LOADED_MS } from "./loaded.js";

parentPort?.once("message", () => {
  setTimeout(() => {
    for (;;);
  }, LOADED_MS);
});
