/** The module that runs on the audio thread of streams with a gate. It is bundled into one file by itself. */
import { CapturePipeline } from "./capture-pipeline.js";
import { GatedPipeline } from "./gate/gated-pipeline.js";
import { GATED_PROCESSOR_NAME } from "./gate/gated-processor-name.js";
import { PROCESSOR_NAME } from "./port-messages.js";
import { registerCapture } from "./register-capture.js";

// A page that serves this file needs no other for its streams without a gate.
registerCapture(PROCESSOR_NAME, CapturePipeline);
registerCapture(GATED_PROCESSOR_NAME, GatedPipeline);
