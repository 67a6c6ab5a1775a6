import { LateModule } from "../../../internal/late-module.js";
import { PROCESSOR_NAME } from "../../../worklet/port-messages.js";

/** A module of the audio thread that captures. */
export interface CaptureModule {
  /** Name of the processor that it registers. */
  readonly processor: string;
  /** What it is called in the package. */
  readonly file: string;
  /** Its code inside the package. A page that serves the module itself has no use for it. */
  readonly code: LateModule<{ readonly default: string }>;
}

/** The module of streams without a gate. */
export const CAPTURE_MODULE: CaptureModule = {
  processor: PROCESSOR_NAME,
  file: "capture.worklet.js",
  code: /* @__PURE__ */ new LateModule(() => import("virtual:capture-worklet")),
};
