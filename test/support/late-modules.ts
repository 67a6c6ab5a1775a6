import { CAPTURE_MODULE } from "../../src/capture/graph/processor/capture-module.js";
import { runningCode } from "../../src/host/running/running-code-loader.js";
import { socketModule } from "../../src/transport/websocket.js";

/**
 * Loads what the SDK loads when it is needed first, so that a stream on the page runs inside the call that starts it, as
 * every stream of a page does after the first.
 */
export async function loadLateModules(): Promise<void> {
  await Promise.all([runningCode.load(), socketModule.load(), CAPTURE_MODULE.code.load()]);
}
