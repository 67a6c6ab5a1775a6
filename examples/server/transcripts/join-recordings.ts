import type { CaptionsContent } from "./kept-caption.js";
import type { TimedCaption } from "./transcript-formats.js";

/** What was said in one recording of a session. */
export interface RecordedCaptions extends CaptionsContent {
  /** Counted from 1 within the session. */
  readonly recording: number;
}

/**
 * One transcript of all recordings of a session, oldest first. A session goes on in another recording after a restart, and
 * its client sends what may have been lost once more: from where a later recording begins, it counts. A caption that
 * reaches across that point is whole in the earlier one, and what the later one repeats of it is left out.
 */
export function joinRecordings(recordings: readonly RecordedCaptions[]): TimedCaption[] {
  let joined: TimedCaption[] = [];
  for (const { head, captions, recording } of inOrder(recordings)) {
    if (head === undefined) continue;
    const { sample_rate: sampleRate, start_position } = head;
    const beginsAt = start_position / sampleRate;
    joined = joined.filter((caption) => caption.from / caption.sampleRate < beginsAt);
    const toldUntil = Math.max(0, ...joined.slice(-MAX_ACROSS).map((caption) => caption.to / caption.sampleRate));
    for (const { segment_id: segmentId, text, from, to } of captions) {
      if (to / sampleRate <= toldUntil) continue;
      joined.push({ segmentId, text, from, to, sampleRate, recording });
    }
  }
  return joined;
}

/** Captions come in the order of their ends, so that a few of the last ones say how far they reach. */
const MAX_ACROSS = 100;

/**
 * The names of recordings say when each began by the clock of its server, which may be set back, or may differ from that of
 * the server before: of those that go on where another one ended, the position says which comes later.
 */
function inOrder(recordings: readonly RecordedCaptions[]): RecordedCaptions[] {
  const ordered: RecordedCaptions[] = [];
  let life: RecordedCaptions[] = [];
  for (const recording of recordings) {
    const beginsAnew = startOf(recording) === 0 && life.some((other) => startOf(other) === 0);
    if (beginsAnew) ordered.push(...life.splice(0));
    life = [...life, recording].toSorted((a, b) => startOf(a) - startOf(b));
  }
  return [...ordered, ...life];
}

/** In seconds. */
const startOf = ({ head }: RecordedCaptions): number =>
  head === undefined ? 0 : head.start_position / head.sample_rate;
