import { AudioStreamError } from "../errors.js";
import type { JournalProblem } from "./journal-messages.js";

/** What each problem comes to, and what to do. */
const MEANINGS: Readonly<Record<JournalProblem | "no-worker", string>> = {
  "no-storage":
    "The browser lets this page keep nothing, as in some private windows. Audio is held in memory alone, and is lost with the page.",
  "storage-full":
    "There is no room for all unacknowledged audio on the disk. The stream goes on, and holds it in memory; what is not written is lost with the page. Free some space, or allow more with maxBytes.",
  "storage-failed":
    "Writing to the disk failed. The stream goes on, and holds audio in memory; what is not written is lost with the page.",
  "no-worker":
    "The journal's worker could not be started, so that audio is held in memory alone, and is lost with the page. If the page's policy forbids workers from a blob, serve dist/loquilex.journal.worker.js and give its address as workerUrl.",
  "in-use": "Another tab is sending it, or has recovered it. Ask recoverStreams() again later.",
  "other-version": "Another version of LoquiLex has written it. Recover it with that version, or discard it.",
  damaged: "What is on the disk cannot be read any more, so its audio is lost. Discard it.",
};

/** The error for a problem. @param reason what the browser says, as a sentence. */
export const journalError = (
  problem: JournalProblem | "no-worker",
  reason: string,
): AudioStreamError<"journal-unavailable"> =>
  new AudioStreamError("journal-unavailable", `The journal is of no use: ${reason} ${MEANINGS[problem]}`, {
    details: { reason: problem },
  });
