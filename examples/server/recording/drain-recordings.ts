import { deferred, type Scope } from "loquilex/resources";
import type { Log } from "../logging/log.js";
import { afterRunningTime } from "../running-time.js";
import type { SessionRecording } from "./session-recording.js";

/** How long all recordings together may take for their engines' last words and their files when the server goes down. */
const DRAIN_MS = 5_000;

export interface DrainOptions {
  readonly scope: Scope;
  readonly logger: Log;
  /** One of them has ended. */
  onFinished(): void;
}

/** Ends recordings, and resolves when all of them have ended or their time is over. Never rejects. */
export async function drainRecordings(
  works: readonly { readonly recording: Pick<SessionRecording, "end"> }[],
  { scope, logger, onFinished }: DrainOptions,
): Promise<void> {
  const late = deferred<void>();
  const deadline = afterRunningTime(scope, DRAIN_MS, late.resolve, "drain deadline");
  let ended = 0;
  const ends = works.map(async ({ recording }) => {
    // What went wrong was told when it did.
    await recording.end().catch(() => {});
    ended += 1;
    onFinished();
  });
  await Promise.race([Promise.all(ends), late.promise]);
  deadline.dispose();
  const unfinished = works.length - ended;
  if (unfinished > 0)
    logger.warn(
      { unfinished },
      "Some recordings were not finished in time, so that their engines' last words may be missing.",
    );
}
