/** A recogniser's thread that dies of its first audio. */
import { parentPort } from "node:worker_threads";

parentPort?.on("message", () => {
  throw new Error("It met a sound it could not bear");
});
