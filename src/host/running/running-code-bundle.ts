/** What the function that the build makes gives: see `running-code.ts`. */
export { openSocket } from "../../transport/socket.js";
export { pageHost } from "../page/page-host.js";
export { serveWorker } from "../worker/worker-side.js";
