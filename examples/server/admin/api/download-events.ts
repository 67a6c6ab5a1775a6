import type { ServerResponse } from "node:http";
import type { Scope } from "loquilex/resources";
import type { DownloadView } from "../models/model-download.js";
import type { ModelDownloads } from "../models/model-downloads.js";

/** Keeps proxies from taking a quiet stream for a dead one. */
const KEEP_ALIVE_MS = 15_000;

/**
 * Tells a download's changes as Server-Sent Events, beginning with how it stands; the last one ends the answer. A reader
 * that is slow misses changes, and never the last one.
 * @param scope the answer's own; ended with it.
 */
export function sendDownloadEvents(
  response: ServerResponse,
  downloads: ModelDownloads,
  id: string,
  scope: Scope,
): void {
  const { view } = downloads.get(id);
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.on("close", () => void scope.dispose());
  response.on("error", () => response.destroy());
  let roomy = true;
  response.on("drain", () => {
    roomy = true;
  });
  const tell = (changed: DownloadView) => {
    const last = changed.state !== "running" && changed.state !== "paused";
    if (!roomy && !last) return;
    roomy = response.write(`event: ${last ? changed.state : "progress"}\ndata: ${JSON.stringify(changed)}\n\n`);
    if (last) response.end();
  };
  scope.defer("watch of a download", downloads.watch(id, tell));
  scope.defer("answer", () => response.end());
  const keepAlive = () => {
    // A reader that has not taken what it was sent so long ago is none.
    if (!roomy) {
      response.destroy();
      return;
    }
    roomy = response.write(": still here\n\n");
    scope.timeout(KEEP_ALIVE_MS, keepAlive);
  };
  scope.timeout(KEEP_ALIVE_MS, keepAlive);
  tell(view);
}
