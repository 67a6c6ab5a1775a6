/** What the function that the build makes gives: see `running-code.ts`. */
export { CaptureInlet } from "../capture/inlet/capture-inlet.js";
export { addressOf, webSocket } from "../transport/websocket.js";
export { pageHost } from "./page-host.js";
export { serveWorker } from "./worker-side.js";
