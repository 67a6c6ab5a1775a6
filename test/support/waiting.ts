export { Waiting } from "../../examples/conformance/client/waiting.js";

/** For `expect.poll()`: what is soon there on an idle machine may take long on a busy one. */
export const PATIENTLY = { timeout: 10_000 };
