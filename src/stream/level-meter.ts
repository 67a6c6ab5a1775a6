import { checkEach, checkObject, checkSignal, numberFrom, optional } from "../internal/arguments.js";
import { Scope } from "../internal/scope.js";
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
  if (typeof stream?.addEventListener !== "function") {
    throw new TypeError(`stream must be an AudioStream, and is ${String(stream)}.`);
  }
  if (typeof element?.setAttribute !== "function") {
    throw new TypeError(`element must be an HTML element, and is ${String(element)}.`);
  }
  checkObject("options", options);
  const { floorDbfs = -60, signal } = options;
  checkEach("", { floorDbfs, signal }, {}, { floorDbfs: numberFrom(-120, -10), signal: optional(checkSignal) });
  const scope = new Scope({ name: "level meter" });
  const show = prepare(element, floorDbfs);
  let shown = floorDbfs;
  let shownAt = 0;
  const target = stream as unknown as EventTarget;
  scope.listen(target, "level", (event: Event) => {
    const { peakDbfs, timestamp } = event as LevelEvent;
    const fallen = shown - (FALL_DB_PER_SECOND * Math.max(0, timestamp - shownAt)) / 1_000;
    shown = Math.min(0, Math.max(floorDbfs, fallen, peakDbfs));
    shownAt = timestamp;
    show(shown);
  });
  scope.listen(target, "statechange", () => {
    if (stream.state === "streaming" || stream.state === "reconnecting") return;
    shown = floorDbfs;
    show(shown);
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
