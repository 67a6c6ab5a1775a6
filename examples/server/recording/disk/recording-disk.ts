import type { Clock, Scope } from "loquilex/resources";
import { DiskTrouble } from "./disk-trouble.js";
import { DiskWriter, type DiskWriterOptions } from "./disk-writer.js";
import { SharedTurn } from "./shared-turn.js";
import { TranscriptJournal } from "./transcript-journal.js";

/** Audio is gathered this long: a write costs the same for one frame as for ten. */
const WRITE_INTERVAL_MS = 150;

/** What all recordings of a server share: who writes them, and when. */
export interface RecordingDisk {
  readonly writer: DiskWriter;
  readonly writeTurn: SharedTurn;
  readonly journal: TranscriptJournal;
  readonly trouble: DiskTrouble;
}

/**
 * @param directory of the transcripts.
 * @param scope ends after the last recording.
 * @param shared what the writer needs to know in a folder that other servers may write to as well.
 */
export function openRecordingDisk(
  directory: string,
  clock: Clock,
  scope: Scope,
  shared: Pick<DiskWriterOptions, "lease" | "onThreadDeath"> = {},
): RecordingDisk {
  return {
    trouble: new DiskTrouble(),
    journal: new TranscriptJournal({ directory, clock, scope }),
    writer: new DiskWriter({ ...shared, clock, scope }),
    writeTurn: new SharedTurn({ intervalMs: WRITE_INTERVAL_MS, clock, scope }),
  };
}
