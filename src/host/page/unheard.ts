import { type AudioRange, RangeSet } from "../../internal/range-set.js";
import type { SessionCheckpoint } from "../../session/session-io.js";
import type { RunningStats } from "../running-messages.js";
import type { SourceAccount } from "../source-account.js";
import { NOTHING_LEFT } from "../worker/restored.js";

/**
 * Counts for a running side that ended without a word: what it had when it last said something, and the audio that was
 * captured since. All of that which was not delivered is lost, and announced unless it was before.
 */
export function countUnheard(
  { stats, losses, absent }: SessionCheckpoint = NOTHING_LEFT,
  { captured }: Pick<SourceAccount, "captured">,
): { readonly stats: RunningStats; readonly lost: readonly AudioRange[] } {
  const from = stats.settledPosition;
  const to = Math.max(stats.capturedPosition, captured.position);
  const known = new RangeSet(absent.length + 1);
  for (const range of absent) known.add(range);
  const lost = new RangeSet(losses.length + absent.length + 1);
  for (const range of [...losses, ...known.add({ from, to })]) lost.add(range);
  return {
    stats: {
      ...stats,
      framesCaptured: Math.max(stats.framesCaptured, captured.frames),
      samplesCaptured: Math.max(stats.samplesCaptured, captured.samples),
      capturedPosition: to,
      samplesDropped: lost.ranges.reduce((sum, range) => sum + range.to - range.from, stats.samplesDropped),
      level: { peakLevel: 0, rmsLevel: 0 },
    },
    lost: lost.ranges,
  };
}
