import type { StreamStats } from "loquilex";
import { dbfs, QUIETEST_DBFS } from "./format.js";

const BAR_MS = 250;
const BAR_PIXELS = 4;
const MAX_BARS = 1_000;

/** The loudest level of each quarter second that was captured, oldest first. */
export interface Timeline {
  /** Bars that are no longer kept in {@link levels}. */
  dropped: number;
  levels: number[];
}

export const emptyTimeline = (): Timeline => ({ dropped: 0, levels: [] });

/** @param level linear, 0 to 1 */
export function addLevel(timeline: Timeline, capturedMs: number, level: number): void {
  const bar = Math.floor(capturedMs / BAR_MS);
  if (bar - timeline.dropped - timeline.levels.length > MAX_BARS) {
    timeline.levels = [];
    timeline.dropped = bar;
  }
  while (timeline.dropped + timeline.levels.length <= bar) timeline.levels.push(0);
  const newest = timeline.levels.length - 1;
  timeline.levels[newest] = Math.max(timeline.levels[newest] ?? 0, level);
  while (timeline.levels.length > MAX_BARS) {
    timeline.levels.shift();
    timeline.dropped += 1;
  }
}

/** Draws the newest bars that fit, at the right; those with audio that is still buffered are hollow. */
export function drawTimeline(
  canvas: HTMLCanvasElement,
  timeline: Timeline,
  { capturedDurationMs, bufferedDurationMs }: Pick<StreamStats, "capturedDurationMs" | "bufferedDurationMs">,
): void {
  const paint = canvas.getContext("2d");
  if (paint === null) return;
  const ratio = window.devicePixelRatio;
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  paint.clearRect(0, 0, width, height);
  const style = getComputedStyle(canvas);
  const confirmedColor = style.getPropertyValue("--accent");
  const keptColor = style.getPropertyValue("--kept");
  const shown = timeline.levels.slice(-Math.floor(width / BAR_PIXELS));
  const first = timeline.dropped + timeline.levels.length - shown.length;
  shown.forEach((level, index) => {
    const size = Math.max(4, (1 - dbfs(level) / QUIETEST_DBFS) * (height - 16));
    const x = width - (shown.length - index) * BAR_PIXELS;
    const y = (height - size) / 2;
    const endMs = Math.min((first + index + 1) * BAR_MS, capturedDurationMs);
    if (endMs <= capturedDurationMs - bufferedDurationMs) {
      paint.fillStyle = confirmedColor;
      paint.fillRect(x, y, BAR_PIXELS - 1, size);
    } else {
      paint.strokeStyle = keptColor;
      paint.lineWidth = 1;
      paint.strokeRect(x + 0.5, y + 0.5, BAR_PIXELS - 2, size - 1);
    }
  });
}
