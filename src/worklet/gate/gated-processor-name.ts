import { PROCESSOR_NAME } from "../port-messages.js";

/** Under which the processor that has a gate is registered. */
export const GATED_PROCESSOR_NAME = `${PROCESSOR_NAME}-gated`;
