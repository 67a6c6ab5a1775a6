import { expect } from "vitest";
import type { ServerEvent } from "../../src/stream/events/events.js";
import type { NodeStream } from "./node-stream.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "./stamped-audio.js";

/** What an application shows in the end: each final caption's audio, less what was replaced or taken back. */
function shownBy(messages: readonly ServerEvent[]): { from: number; to: number }[] {
  const shown = new Map<string, { from: number; to: number }>();
  for (const message of messages) {
    if (message.t === "asr.void") for (const segment of message.data.segment_ids) shown.delete(segment);
    if (message.t !== "asr.final") continue;
    for (const segment of message.data.replaces ?? []) shown.delete(segment);
    const { segment_id, audio = { from: 0, to: 0 } } = message.data;
    shown.set(segment_id, audio);
  }
  return [...shown.values()].sort((a, b) => a.from - b.from);
}

/** Expects that the segmenter's captions of a stream lie one behind the other, and that each word has exactly one. */
export function expectCaptionsOnce(stream: NodeStream): void {
  const shown = shownBy(stream.messages);
  for (const [index, { from }] of shown.entries()) expect(from).toBeGreaterThanOrEqual(shown[index - 1]?.to ?? 0);
  // Every stretch of speech that was spoken to its end has exactly one caption.
  for (let loud = 0; loud + LOUD_SAMPLES < stream.source.samplesCaptured; loud += CYCLE_SAMPLES) {
    const about = shown.filter(({ from, to }) => from < loud + LOUD_SAMPLES && to > loud);
    expect(about, `the speech from ${loud} on`).toHaveLength(1);
  }
}
