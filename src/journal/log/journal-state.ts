import type { AudioRange } from "../../internal/range-set.js";
import * as shape from "../../protocol/shape.js";
import type { SessionCheckpoint } from "../../session/session-io.js";

const position = shape.whole();
const ranges = shape.list(shape.record({ from: position, to: position }), 100_000);

const stateShape = shape.record({
  /** When the journal was begun, in milliseconds since 1970. */
  startedAt: shape.real(0),
  /** How long what is left may be kept, in milliseconds. */
  maxAgeMs: shape.real(0),
  sessionId: shape.text(128),
  clientId: shape.text(128),
  format: shape.record({
    encoding: shape.oneOf("pcm_s16le", "pcm_f32le", "mulaw", "opus"),
    sampleRate: shape.whole(8_000, 192_000),
    channels: shape.whole(1, 2),
  }),
  answered: shape.flag,
  connections: shape.whole(),
  resumeToken: shape.optional(shape.text(4_096)),
  epoch: shape.optional(shape.whole()),
  lastSeq: shape.whole(),
  ahead: shape.list(shape.whole(), 100_000),
  /** Lost, and not announced by a `drop` when this was written. */
  losses: ranges,
  /** Never captured, or lost. */
  absent: ranges,
  /** Positions, as {@link SessionStats} has them. */
  captured: position,
  sent: position,
  acknowledged: position,
  settled: position,
});

/** Where a session stood, as its journal keeps it. */
export type JournalState = shape.Checked<typeof stateShape>;

/** What of a state does not change while the session goes on. */
export type JournalSubject = Pick<JournalState, "startedAt" | "maxAgeMs" | "sessionId" | "clientId" | "format">;

/** @throws ShapeError for what no journal has written. */
export const readState = (value: unknown): JournalState => stateShape(value, "state");

/** Where the session stands by its checkpoint. */
export function stateOf(subject: JournalSubject, checkpoint: SessionCheckpoint): JournalState {
  const { answered, connections, resumeToken, epoch, lastSeq, ahead, losses, absent, stats } = checkpoint;
  return {
    ...subject,
    ...{ answered, connections, resumeToken, epoch, lastSeq, ahead, losses, absent },
    captured: stats.capturedPosition,
    sent: stats.sentPosition,
    acknowledged: stats.acknowledgedPosition,
    settled: stats.settledPosition,
  };
}

/** The state of a session that has done nothing yet. */
export const beginningOf = (subject: JournalSubject): JournalState => ({
  ...subject,
  ...{ answered: false, connections: 0, lastSeq: 0, ahead: [], losses: [], absent: [] },
  ...{ captured: 0, sent: 0, acknowledged: 0, settled: 0 },
});

/** The parts of a list of ranges that lie between two positions. */
export const partsBetween = (list: readonly AudioRange[], from: number, to: number): AudioRange[] =>
  list
    .map((range) => ({ from: Math.max(range.from, from), to: Math.min(range.to, to) }))
    .filter((range) => range.from < range.to);
