import type { PlacedFrame } from "../../capture/inlet/frame-inlet.js";
import type { Scope } from "../../internal/scope.js";

/** Posts what is captured to a recording on the page. */
export class RecordingOutlet {
  readonly #port: MessagePort;

  /** @param scope of the running side. */
  constructor(scope: Scope, port: MessagePort) {
    this.#port = port;
    scope.defer("recording port", () => {
      port.postMessage("end");
      port.close();
    });
    // What comes back says that all is there which was posted before.
    scope.listen(port, "message", ({ data }: MessageEvent<number>) => port.postMessage(data));
    port.start();
  }

  post(frame: PlacedFrame): void {
    this.#port.postMessage(frame);
  }
}
