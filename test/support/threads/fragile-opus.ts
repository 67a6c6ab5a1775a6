/** Decodes nothing: each packet becomes silence, and two kinds of packets do to the thread what must not happen. */
import { parentPort, workerData } from "node:worker_threads";
import type { OpusRequest, OpusThreadStart } from "../../../examples/server/recording/opus/opus-messages.js";

/** Second byte of a packet that ends the thread, and of one that never lets it go on. */
export const DEADLY = 0xee;
export const ENDLESS = 0xef;

const { current } = (workerData ?? { current: new Int32Array(1) }) as OpusThreadStart;

parentPort?.on("message", (request: OpusRequest | string) => {
  if (typeof request === "string") parentPort?.close();
  else if (request.type === "decode") {
    Atomics.store(current, 0, request.stream);
    if (request.packet[1] === DEADLY) process.exit(3);
    while (request.packet[1] === ENDLESS) Atomics.store(current, 0, request.stream);
    Atomics.store(current, 0, 0);
    parentPort?.postMessage({ stream: request.stream, samples: new Uint8Array(640) });
  }
});
