/** A recogniser's thread that dies of its first audio. */
import { parentPort } from "node:worker_threads";
import { LOADED_MS } from "./loaded.js";

parentPort?.on("message", () => {
  setTimeout(() => {
    throw new Error("It met a sound it could not bear");
  }, LOADED_MS);
});
