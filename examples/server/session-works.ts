import type { SessionKey } from "./protocol/protocol-io.js";
import type { SessionRecording } from "./recording/session-recording.js";
import type { SessionWork } from "./session-work.js";

/** What all sessions have on this node. */
export class SessionWorks extends Map<SessionKey, SessionWork> {
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
