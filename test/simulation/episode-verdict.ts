import type { Life } from "./life.js";
import { intersect, merge, type Range, show, subtract, total } from "./ranges.js";

/** A loss is over when nothing more of it has come for so long. */
const QUIET_MS = 1_000;
/** How far clocks may be off after sums of fractions. */
const ROUNDING_MS = 0.001;

/** One loss is one event when it is over; while it lasts, the page is warned once a second at most. */
export function judgeEpisodes({ client }: Life, say: (problem: string) => void): void {
  for (const [index, later] of client.drops.entries()) {
    const earlier = client.drops[index - 1];
    if (earlier === undefined || !touch(earlier.range, later.range)) continue;
    const early = later.at - earlier.at < QUIET_MS - ROUNDING_MS;
    // An answer that ends the session reports what was lost before it, and the end reports the rest.
    const together = earlier.step === later.step && !(later.answered && later.final);
    // What a worker that died had not announced yet is announced at once by the one that goes on.
    const afterDeath = client.deaths.some(({ at }) => at === later.at);
    if (together || (early && !later.answered && !later.final && !afterDeath)) {
      say(`One loss comes as two events: ${show([earlier.range, later.range])}.`);
    }
  }
  const losses = [...client.drops.map(({ range }) => range), ...client.captureGaps];
  let warnedAt = Number.NEGATIVE_INFINITY;
  for (const { at, event } of client.told) {
    if (event.type !== "warning" || event.error.code !== "audio-dropping") continue;
    if (at - warnedAt < QUIET_MS - ROUNDING_MS) say(`The page is warned of a loss again after ${at - warnedAt} ms.`);
    warnedAt = at;
    const { from, to } = event.error.details as unknown as Range;
    const invented = subtract([{ from, to }], merge(losses));
    // A page that crashed was warned of losses that it lived to see no event for.
    if (total(invented) > 0 && !client.crashed) say(`The page is warned of a loss that never was: ${show(invented)}.`);
  }
}

const touch = (a: Range, b: Range): boolean => a.to === b.from || b.to === a.from || intersect([a], [b]).length > 0;
