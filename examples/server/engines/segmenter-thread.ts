/** A thread in which {@link Segmenter}s work. */
import { Segmenter } from "./segmenter.js";
import { serveRuns } from "./serve-runs.js";

serveRuns((options) => new Segmenter(options));
