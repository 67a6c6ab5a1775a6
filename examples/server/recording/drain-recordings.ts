import { deferred, type Scope } from "loquilex/resources";
import type { Log } from "../logging/log.js";
import { afterRunningTime } from "../running-time.js";
import type { SessionRecording } from "./session-recording.js";

/** How long all recordings together may take for their engines' last words when the server goes down. */
const DRAIN_MS = 5_000;

/** Ends recordings, and resolves when all of them have ended or their time is over. Never rejects. */
export async function drainRecordings(
  recordings: readonly Pick<SessionRecording, "end">[],
  { scope, logger }: { readonly scope: Scope; readonly logger: Log },
): Promise<void> {
  const late = deferred<void>();
  const deadline = afterRunningTime(scope, DRAIN_MS, late.resolve, "drain deadline");
  let ended = 0;
  const ends = recordings.map(async (recording) => {
    // What went wrong was told when it did.
    await recording.end().catch(() => {});
    ended += 1;
  });
  await Promise.race([Promise.all(ends), late.promise]);
  deadline.dispose();
  const unfinished = recordings.length - ended;
  if (unfinished > 0) logger.warn({ unfinished }, "Some engines did not say their last words in time.");
}
