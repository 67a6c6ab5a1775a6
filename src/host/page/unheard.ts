import type { AudioFrame } from "../../capture/source.js";
import { PreRoll } from "../../frames/pre-roll.js";
import { type AudioRange, RangeSet } from "../../internal/range-set.js";
import type { RunningCommand, RunningOptions, RunningStats } from "../running-messages.js";
import { NOTHING_LEFT, type Restored } from "../worker/restored.js";

/**
 * Counts for a running side that ended without a word: what it had when it last said something, and the audio that waited
 * for it. All of that which was not delivered is lost, and announced unless it was before.
 * @param waiting commands that it never got.
 */
export function countUnheard(
  { session = NOTHING_LEFT, origin }: Restored,
  waiting: readonly RunningCommand[],
  { preRollMs, format }: Pick<RunningOptions, "preRollMs" | "format">,
): { readonly stats: RunningStats; readonly lost: readonly AudioRange[] } {
  const { stats, losses, absent } = session;
  const preRoll = new PreRoll((preRollMs / 1_000) * format.sampleRate, origin);
  const heard = waiting.flatMap((command): AudioFrame[] => {
    if (command.type === "start") return preRoll.start();
    if (command.type !== "frame" && (command.type !== "refuse" || !preRoll.isStarted)) return [];
    const frame = preRoll.push(command.frame);
    return frame === undefined ? [] : [frame];
  });
  const told = waiting.map((command) => (command.type === "captured" && command.position) || 0);
  const from = stats.settledPosition;
  const to = Math.max(
    stats.capturedPosition,
    ...told.map((position) => position - (origin ?? position)),
    ...heard.map(({ position, sampleCount }) => position + sampleCount),
  );
  const known = new RangeSet(absent.length + 1);
  for (const range of absent) known.add(range);
  const lost = new RangeSet(losses.length + absent.length + 1);
  for (const range of [...losses, ...known.add({ from, to })]) lost.add(range);
  return {
    stats: {
      ...stats,
      framesCaptured: stats.framesCaptured + heard.length,
      samplesCaptured: stats.samplesCaptured + heard.reduce((sum, { sampleCount }) => sum + sampleCount, 0),
      capturedPosition: to,
      samplesDropped: lost.ranges.reduce((sum, range) => sum + range.to - range.from, stats.samplesDropped),
      level: { peakLevel: 0, rmsLevel: 0 },
    },
    lost: lost.ranges,
  };
}
