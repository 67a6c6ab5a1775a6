/** The module that runs on the audio thread. It is bundled into one file by itself. */
import { CapturePipeline } from "./capture-pipeline.js";
import { PROCESSOR_NAME } from "./port-messages.js";
import { registerCapture } from "./register-capture.js";

registerCapture(PROCESSOR_NAME, CapturePipeline);
