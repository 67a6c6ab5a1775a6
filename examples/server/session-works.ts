import type { SessionKey } from "./protocol/protocol-io.js";
import { Recording, type RecordingOptions } from "./recording/recording.js";
import type { SessionRecording } from "./recording/session-recording.js";
import { SessionWork, type SessionWorkOptions } from "./session-work.js";

export interface SessionMeans
  extends Omit<SessionWorkOptions, "record" | "logger">,
    Pick<RecordingOptions, "engine" | "outDir" | "disk" | "clock" | "scope" | "logger"> {}

/** What all sessions have on this node. */
export class SessionWorks extends Map<SessionKey, SessionWork> {
  /** A session begins here. @param means what all sessions share, and what is said of this one. */
  open(means: SessionMeans): void {
    const { opened, store, figures, dispatch, speech, engine, outDir, disk, clock, scope } = means;
    const { key, offer, claim } = opened;
    const session = key.sessionId.slice(0, 8);
    const logger = means.logger.child({ session });
    const { encoding, sample_rate: sampleRate, channels, first } = offer;
    const from = claim?.taken?.storedTo ?? first;
    const said = claim?.taken === undefined ? "A session began." : "A session of another node goes on here.";
    logger.info({ encoding, sampleRate, channels, from }, said);
    const work = new SessionWork({
      ...{ opened, store, figures, dispatch, speech, logger },
      record: (part) =>
        new Recording({
          ...{ ...part, engine, outDir, disk, clock, logger },
          scope: scope.child(`session ${session}`),
        }),
    });
    this.set(key, work);
  }

  /** Those of one session, which has two while one gives way to another. */
  recordingsOf(sessionId: string): SessionRecording[] {
    return Array.from(this).flatMap(([key, { recording }]) => (key.sessionId === sessionId ? recording : []));
  }

  /** Samples that wait in all sessions together, by queue. */
  get queuedSamples(): Readonly<Record<"engine" | "recording", number>> {
    const queued = { engine: 0, recording: 0 };
    for (const { recording } of this.values()) {
      queued.engine += recording.queuedSamples.engine;
      queued.recording += recording.queuedSamples.recording;
    }
    return queued;
  }

  /** What waits in each session, by the first letters of its name: the whole of it gives access. */
  readQueues(): { readonly session: string; readonly queues: ReturnType<SessionRecording["readMetrics"]> }[] {
    return Array.from(this, ([{ sessionId }, { recording }]) => ({
      session: sessionId.slice(0, 8),
      queues: recording.readMetrics(),
    }));
  }
}
