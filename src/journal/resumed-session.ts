import { NOTHING_LEFT, nextCheckpoint } from "../host/worker/restored.js";
import type { AudioRange } from "../internal/range-set.js";
import type { WireAudioFrame } from "../protocol/audio-frame.js";
import type { SessionCheckpoint, SessionInput } from "../session/session-io.js";
import type { JournalContent } from "./log/journal-reader.js";

/** How far a server may be beyond the journal of a page that sent audio, in seconds: a full disk may have stopped the journal long before. */
const UNWRITTEN_S = 3_600;
/** The same where nothing is left to send: a new session would begin so far behind. */
const UNWRITTEN_AFTER_ALL_S = 10;

/** What a session needs to know that goes on for that of a journal. @param resumes whether it is the same one for the server. */
export function checkpointOf(content: JournalContent, resumes: boolean): SessionCheckpoint {
  const { state } = content;
  const begin = beginOf(content);
  return nextCheckpoint({
    ...NOTHING_LEFT,
    ...(resumes ? { ...state, resumeToken: state.resumeToken, epoch: state.epoch } : {}),
    losses: state.losses,
    absent: state.absent,
    stats: {
      ...NOTHING_LEFT.stats,
      // It is given the audio again.
      capturedPosition: begin,
      settledPosition: begin,
      sentPosition: Math.max(begin, state.sent),
      acknowledgedPosition: resumes ? state.acknowledged : 0,
    },
  });
}

/**
 * What that session is told, in order: the audio; what is missing from it, which is lost unless the server has it; that there may have been
 * more, which the server may have; and that this is all.
 */
export function inputsOf(content: JournalContent, timeoutMs: number): SessionInput[] {
  const { frames, holes, end, state } = content;
  const parts: (WireAudioFrame | AudioRange)[] = [...frames, ...holes];
  const startOf = (part: WireAudioFrame | AudioRange): number => ("from" in part ? part.from : part.position);
  parts.sort((a, b) => startOf(a) - startOf(b));
  const unwritten = (frames.length > 0 ? UNWRITTEN_S : UNWRITTEN_AFTER_ALL_S) * state.format.sampleRate;
  return [
    ...parts.map(
      (part): SessionInput =>
        "from" in part ? { type: "restore", position: part.to } : { type: "frame", frame: part },
    ),
    { type: "restore", position: end + unwritten },
    { type: "start" },
    { type: "end", timeoutMs },
  ];
}

/** Where what is left begins. */
const beginOf = ({ frames, state }: JournalContent): number =>
  Math.min(state.settled, frames[0]?.position ?? state.settled);
