/** The thread that a {@link Segmenter} works in: one for each stream. */
import { parentPort, workerData } from "node:worker_threads";
import { STOP } from "../processes/thread-stop.js";
import { Segmenter } from "./segmenter.js";
import type { ThreadAnswer, ThreadInput, ThreadStream } from "./thread-messages.js";

const port = parentPort;
if (port === null) throw new Error("This module runs in a thread that the server starts.");
const answer = (message: ThreadAnswer) => port.postMessage(message);
const stream = workerData as ThreadStream;
const segmenter = new Segmenter({ ...stream, onSegment: (segment) => answer({ type: "segment", segment }) });

port.on("message", (input: ThreadInput | typeof STOP) => {
  if (input === STOP) port.close();
  else if (input.type === "gap") segmenter.gap(input.from, input.to);
  else if (input.type === "end") {
    segmenter.end();
    answer({ type: "ended" });
  } else {
    segmenter.write(input.samples, input.position);
    answer({ type: "heard", bytes: input.samples.byteLength });
  }
});
