import { checkEach, checkObject, checkSignal, checkStream, numberFrom, optional } from "../internal/arguments.js";
import { type Registration, Scope } from "../internal/scope.js";
import type { AudioStream } from "./audio-stream.js";
import type { LevelEvent } from "./events/events.js";
import type { AbortOptions } from "./options/options.js";

/** How a level is shown. */
export interface LevelMeterOptions extends AbortOptions {
  /** The level at which the meter is empty, in dBFS, −120 to −10. @defaultValue -60 */
  readonly floorDbfs?: number | undefined;
}

/** How fast the meter falls, in decibels per second: a meter that fell at once could not be read (IEC 60268-10, type I). */
const FALL_DB_PER_SECOND = 13;
/** A level that comes so much later than the one before it, in milliseconds, is missing: nothing is heard. */
const MISSING_AFTER_MS = 1_000;

/**
 * Shows a stream's peak level in an element, without an AnalyserNode and without work on the page's side. A `<meter>` gets
 * its value in dBFS; any other element gets the custom property `--level`, 0 to 1, for its style, and the role of a meter.
 * Ends with the stream, with the signal, or when the function that it returns is called.
 * @throws TypeError or RangeError naming what cannot be.
 */
export function showLevel(
  stream: Pick<AudioStream<never>, "addEventListener" | "signal" | "state">,
  element: HTMLElement,
  options: LevelMeterOptions = {},
): () => void {
  checkStream(stream);
  if (typeof element?.setAttribute !== "function") {
    throw new TypeError(`element must be an HTML element, and is ${String(element)}.`);
  }
  checkObject("options", options);
  const { floorDbfs = -60, signal } = options;
  checkEach("", { floorDbfs, signal }, {}, { floorDbfs: numberFrom(-120, -10), signal: optional(checkSignal) });
  const scope = new Scope({ name: "level meter" });
  const show = prepare(element, floorDbfs);
  let shown = floorDbfs;
  let shownAt: number | undefined;
  let missing: Registration | undefined;
  const empty = (): void => {
    shown = floorDbfs;
    show(shown);
  };
  const target = stream as unknown as EventTarget;
  scope.listen(target, "level", (event: Event) => {
    const { peakDbfs, timestamp } = event as LevelEvent;
    const sinceMs = Math.max(0, timestamp - (shownAt ?? timestamp));
    const fallen = shown - (FALL_DB_PER_SECOND * sinceMs) / 1_000;
    shown = Math.min(0, Math.max(floorDbfs, fallen, peakDbfs));
    shownAt = timestamp;
    show(shown);
    // Without a connection, the state does not change if the microphone is paused or delivers nothing.
    missing?.dispose();
    missing = scope.timeout(MISSING_AFTER_MS + sinceMs, empty, "next level");
  });
  scope.listen(target, "statechange", () => {
    if (stream.state !== "streaming" && stream.state !== "reconnecting") empty();
  });
  const end = (): void => void scope.dispose();
  scope.follow(stream.signal, end);
  scope.follow(signal, end);
  scope.defer("shown level", () => show(floorDbfs));
  return end;
}

function prepare(element: HTMLElement, floorDbfs: number): (dbfs: number) => void {
  if (element.localName === "meter") {
    element.setAttribute("min", String(floorDbfs));
    element.setAttribute("max", "0");
    return (dbfs) => element.setAttribute("value", String(dbfs));
  }
  element.setAttribute("role", "meter");
  element.setAttribute("aria-valuemin", String(floorDbfs));
  element.setAttribute("aria-valuemax", "0");
  return (dbfs) => {
    element.style.setProperty("--level", String(1 - dbfs / floorDbfs));
    element.setAttribute("aria-valuenow", dbfs.toFixed(0));
  };
}
