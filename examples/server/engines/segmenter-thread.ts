/** A thread in which {@link Segmenter}s work. */
import { setPriority } from "node:os";
import { Segmenter } from "./segmenter.js";
import { serveRuns } from "./serve-runs.js";

/** Keeping the audio comes first: where processors are scarce, recognition gets what is left. */
const NICE = 5;

// Linux takes this thread for the process, other systems all threads.
if (process.platform === "linux") setPriority(NICE);
serveRuns((options) => new Segmenter(options));
