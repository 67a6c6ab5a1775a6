import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { StreamStats } from "loquilex";
import { findPage, type PageElements } from "../../examples/demo/page/page-elements.js";

/** The demo page's HTML, as it is in the repository. */
export const demoHtml = readFileSync(join(import.meta.dirname, "../../examples/demo/index.html"), "utf8");

/** Makes the test's document the demo page, without its scripts. */
export function openDemoPage(): PageElements {
  document.body.innerHTML = /<body[^>]*>([\s\S]*)<\/body>/.exec(demoHtml)?.[1] ?? "";
  return findPage(document);
}

/** What an element of the document says. */
export const textOf = (selector: string): string => document.querySelector(selector)?.textContent ?? "(nothing there)";

/** The lines of a list. */
export const rows = (list: HTMLElement): string[] =>
  Array.from(list.children, (row) =>
    Array.from(row.children, (part) => part.textContent)
      .join(" ")
      .trim(),
  );

/** Figures of a stream to which nothing has happened, but for those given. */
export const streamStats = (some: Partial<StreamStats> = {}): StreamStats => ({
  timestamp: 0,
  host: "page",
  clockDriftPpm: undefined,
  capturedDurationMs: 0,
  sentDurationMs: 0,
  acknowledgedDurationMs: 0,
  framesCaptured: 0,
  samplesCaptured: 0,
  withheldDurationMs: 0,
  framesSent: 0,
  framesRetransmitted: 0,
  droppedDurationMs: 0,
  bytesSent: 0,
  bytesReceived: 0,
  bufferedFrames: 0,
  bufferedDurationMs: 0,
  bufferedBytes: 0,
  roundTripTimeMs: undefined,
  reconnectCount: 0,
  captureGapCount: 0,
  audioLevel: 0,
  rmsLevel: 0,
  ...some,
});
