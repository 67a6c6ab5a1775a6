import { dbfs, decibels, QUIETEST_DBFS } from "./format.js";

const HOLD_MS = 1_200;
const FALL_DB_PER_SECOND = 24;

/** The meter's elements, and the peak it holds. */
export interface LevelMeter {
  readonly meter: HTMLElement;
  readonly text: HTMLElement;
  readonly fill: HTMLElement;
  readonly peak: HTMLElement;
  held: { readonly value: number; readonly atMs: number };
}

/**
 * Shows the loudest sample of the last moment; the thin line stays at the highest one for a second, then falls.
 * @param level linear, 0 to 1
 */
export function showLevel(meter: LevelMeter, level: number, nowMs: number): void {
  const value = dbfs(level);
  const fallen = meter.held.value - (Math.max(0, nowMs - meter.held.atMs - HOLD_MS) / 1000) * FALL_DB_PER_SECOND;
  if (value >= fallen) meter.held = { value, atMs: nowMs };
  const text = decibels(value);
  meter.fill.style.clipPath = `inset(0 ${((1 - share(value)) * 100).toFixed(1)}% 0 0)`;
  meter.peak.style.transform = `translateX(${(share(Math.max(value, fallen)) * 100).toFixed(1)}%)`;
  meter.meter.setAttribute("aria-valuenow", value.toFixed(0));
  meter.meter.setAttribute("aria-valuetext", text);
  meter.text.textContent = text;
}

/** Back to silence, without the peak that was held. */
export function resetLevel(meter: LevelMeter): void {
  meter.held = { value: QUIETEST_DBFS, atMs: Number.NEGATIVE_INFINITY };
  showLevel(meter, 0, 0);
}

const share = (value: number): number => Math.min(1, Math.max(0, (value - QUIETEST_DBFS) / -QUIETEST_DBFS));
