import type { StreamStats } from "loquilex";
import { dbfs, QUIETEST_DBFS } from "./format.js";

const BAR_MS = 250;
const BAR_PIXELS = 4;
const MAX_BARS = 1_000;

/** A quarter second of captured audio. */
interface Bar {
  /** The loudest level, linear, 0 to 1. */
  level: number;
  /** Some of it never reached the server and cannot any more. */
  lost: boolean;
}

/** What was captured, in quarter seconds, oldest first. */
export interface Timeline {
  /** Bars that are no longer kept in {@link bars}. */
  dropped: number;
  bars: Bar[];
}

export const emptyTimeline = (): Timeline => ({ dropped: 0, bars: [] });

/** @param level linear, 0 to 1 */
export function addLevel(timeline: Timeline, capturedMs: number, level: number): void {
  const index = Math.floor(capturedMs / BAR_MS);
  if (index - timeline.dropped - timeline.bars.length > MAX_BARS) {
    timeline.bars = [];
    timeline.dropped = index;
  }
  while (timeline.dropped + timeline.bars.length <= index) timeline.bars.push({ level: 0, lost: false });
  const bar = timeline.bars[index - timeline.dropped];
  if (bar !== undefined) bar.level = Math.max(bar.level, level);
  const surplus = Math.max(0, timeline.bars.length - MAX_BARS);
  timeline.bars.splice(0, surplus);
  timeline.dropped += surplus;
}

/** Marks what was captured between two times as lost. */
export function addLoss(timeline: Timeline, fromMs: number, toMs: number): void {
  timeline.bars.forEach((bar, index) => {
    const startMs = (timeline.dropped + index) * BAR_MS;
    if (startMs < toMs && startMs + BAR_MS > fromMs) bar.lost = true;
  });
}

type Progress = Pick<StreamStats, "capturedDurationMs" | "acknowledgedDurationMs" | "bufferedDurationMs">;

/** Draws the newest bars that fit, at the right: full when acknowledged, hollow while kept, a line where lost. */
export function drawTimeline(canvas: HTMLCanvasElement, timeline: Timeline, progress: Progress): void {
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
  const confirmedMs = Math.min(
    progress.capturedDurationMs - progress.bufferedDurationMs,
    progress.acknowledgedDurationMs,
  );
  const shown = timeline.bars.slice(-Math.floor(width / BAR_PIXELS));
  const first = timeline.dropped + timeline.bars.length - shown.length;
  shown.forEach((bar, index) => {
    const size = Math.max(4, (1 - dbfs(bar.level) / QUIETEST_DBFS) * (height - 16));
    const x = width - (shown.length - index) * BAR_PIXELS;
    const y = (height - size) / 2;
    const endMs = Math.min((first + index + 1) * BAR_MS, progress.capturedDurationMs);
    if (bar.lost) {
      paint.fillStyle = style.getPropertyValue("--bad");
      paint.fillRect(x, height / 2 - 1, BAR_PIXELS, 2);
    } else if (endMs <= confirmedMs) {
      paint.fillStyle = style.getPropertyValue("--accent");
      paint.fillRect(x, y, BAR_PIXELS - 1, size);
    } else {
      paint.strokeStyle = style.getPropertyValue("--kept");
      paint.lineWidth = 1;
      paint.strokeRect(x + 0.5, y + 0.5, BAR_PIXELS - 2, size - 1);
    }
  });
}
