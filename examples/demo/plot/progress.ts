import type { Caption, StreamStats } from "loquilex";
import { milliseconds } from "../page/format.js";
import { type PageElements, write } from "../page/page-elements.js";
import { drawRanges, type Range } from "./plot.js";

const WINDOW_SEC = 30;
/** A bandwidth is measured over this long. */
const RATE_WINDOW_MS = 2_000;
const MAX_RANGES = 200;

type Positions = Pick<StreamStats, "capturedDurationMs" | "sentDurationMs" | "acknowledgedDurationMs">;

/** How far each part of the way has come, as a picture along the stream. */
export class Progress {
  readonly #page: PageElements;
  readonly #lost: Range[] = [];
  readonly #away: [fromSec: number, toSec: number][] = [];
  readonly #sent: { readonly atMs: number; readonly bytes: number }[] = [];
  #isAway = false;

  constructor(page: PageElements) {
    this.#page = page;
  }

  /** What was lost so far. */
  get lost(): readonly Range[] {
    return this.#lost;
  }

  /** @param from and @param to positions in samples. */
  addLoss(from: number, to: number): void {
    this.#lost.push([milliseconds(from) / 1_000, milliseconds(to) / 1_000]);
    if (this.#lost.length > MAX_RANGES) this.#lost.shift();
  }

  show(stats: Positions, captions: readonly Caption[], isAway: boolean): void {
    const [captured, sent, acknowledged] = [
      stats.capturedDurationMs,
      stats.sentDurationMs,
      stats.acknowledgedDurationMs,
    ].map((ms) => ms / 1_000) as [number, number, number];
    this.#noteOutage(captured, isAway);
    const heard = captions.flatMap(({ from, to }): Range[] =>
      from === undefined || to === undefined ? [] : [[milliseconds(from) / 1_000, milliseconds(to) / 1_000]],
    );
    const window: Range = [Math.max(0, captured - WINDOW_SEC), Math.max(WINDOW_SEC, captured)];
    const layers = [
      { kind: "away", ranges: this.#away },
      { kind: "captured", row: 0, ranges: [[0, captured] as const] },
      { kind: "sent", row: 1, ranges: [[0, sent] as const] },
      { kind: "acknowledged", row: 2, ranges: [[0, acknowledged] as const] },
      { kind: "heard", row: 3, ranges: heard },
      { kind: "lost", ranges: this.#lost },
    ];
    drawRanges(this.#page.plot, layers, 4, window);
    write(this.#page.plotFrom, `${Math.round(window[0])} s`);
    write(this.#page.plotTo, `${Math.round(window[1])} s`);
  }

  /** Bytes a second that go over the wire, measured over the last two seconds. */
  rate(bytes: number, nowMs: number): number {
    this.#sent.push({ atMs: nowMs, bytes });
    while ((this.#sent[1]?.atMs ?? nowMs) <= nowMs - RATE_WINDOW_MS) this.#sent.shift();
    const [first] = this.#sent;
    if (first === undefined || nowMs <= first.atMs) return 0;
    return ((bytes - first.bytes) * 1_000) / (nowMs - first.atMs);
  }

  #noteOutage(captured: number, isAway: boolean): void {
    const last = this.#away.at(-1);
    if (isAway && this.#isAway && last !== undefined) last[1] = captured;
    else if (isAway) this.#away.push([captured, captured]);
    if (this.#away.length > MAX_RANGES) this.#away.shift();
    this.#isAway = isAway;
  }
}
