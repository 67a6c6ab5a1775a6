/** From where to where, in seconds of the stream. */
export type Range = readonly [fromSec: number, toSec: number];

/** One kind of thing to draw, in a row of its own or across all of them. */
export interface Layer {
  /** Its class, by which it is coloured. */
  readonly kind: string;
  /** Counted from 0; `undefined` for all rows. */
  readonly row?: number;
  readonly ranges: readonly Range[];
}

const SVG = "http://www.w3.org/2000/svg";
/** The picture is stretched to its frame: only proportions count. */
const WIDTH = 1_000;
const ROW_HEIGHT = 20;
const BAR_HEIGHT = 12;
/** So that what is short can be seen. */
const LEAST_WIDTH = 3;

/** Draws ranges of the stream as bars along it. What does not lie in the window is left out. */
export function drawRanges(svg: SVGElement, layers: readonly Layer[], rows: number, [from, to]: Range): void {
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${rows * ROW_HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  const scale = WIDTH / Math.max(1e-3, to - from);
  const bars = layers.flatMap(({ kind, row, ranges }) =>
    ranges
      .filter(([start, end]) => end > from && start < to && end > start)
      .map(([start, end]) => {
        const x = Math.max(0, (start - from) * scale);
        const bar = svg.ownerDocument.createElementNS(SVG, "rect");
        const box = {
          class: kind,
          x: x.toFixed(1),
          width: Math.max(LEAST_WIDTH, Math.min(WIDTH, (end - from) * scale) - x).toFixed(1),
          y: row === undefined ? 0 : row * ROW_HEIGHT + (ROW_HEIGHT - BAR_HEIGHT) / 2,
          height: row === undefined ? rows * ROW_HEIGHT : BAR_HEIGHT,
        };
        for (const [name, value] of Object.entries(box)) bar.setAttribute(name, String(value));
        return bar;
      }),
  );
  svg.replaceChildren(...bars);
}
