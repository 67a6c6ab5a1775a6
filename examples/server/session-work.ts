import type { WireAudioFrame } from "loquilex/protocol";
import type { Log } from "./logging/log.js";
import type { ProtocolInput, ProtocolOutput } from "./protocol/protocol-io.js";
import { TranscriptMemory } from "./protocol/transcript-memory.js";
import { StorageError } from "./recording/files/storage-error.js";
import { keptFormat } from "./recording/granted-audio.js";
import type { RecordingPart, SessionRecording } from "./recording/session-recording.js";
import type { ServerFigures } from "./server-figures.js";
import type { Hold, Store } from "./store/store.js";
import { answerTo, type Speech } from "./voices/voice.js";

export interface SessionWorkOptions {
  readonly opened: Extract<ProtocolOutput, { type: "open" }>;
  readonly store: Store;
  readonly figures: Pick<ServerFigures, "noteEvent">;
  readonly logger: Pick<Log, "error">;
  /** What sessions say; `undefined` if nothing. */
  readonly speech?: Speech | undefined;
  /** Begins the part that this node records. */
  record(part: RecordingPart): SessionRecording;
  dispatch(input: ProtocolInput): void;
}

/** What one session has on this node: its recording with the recogniser, and its place in the store. */
export class SessionWork {
  readonly recording: SessionRecording;
  readonly #hold: Hold;
  readonly #answer: (frame: WireAudioFrame) => void;

  constructor(options: SessionWorkOptions) {
    const { opened, store, dispatch, figures, logger, record } = options;
    const { key, offer, opening, claim } = opened;
    const taken = claim?.taken;
    this.#hold = store.hold({
      ...{ key, opening, claim },
      onKept: (position) => dispatch({ type: "kept", key, position }),
      onEvent: (t, data) => dispatch({ type: "emit", key, t, data }),
      onLost: () => dispatch({ type: "moved", key }),
    });
    this.#answer = (frame) => {
      const answer = answerTo(options.speech, key, frame);
      if (answer !== undefined) dispatch(answer);
    };
    const lineage = key.epoch.toString(36);
    this.recording = record({
      sessionId: key.sessionId,
      lineage: taken === undefined ? lineage : `${lineage}.${taken.term}`,
      format: keptFormat(offer),
      startPosition: taken?.recordedTo ?? offer.first,
      engineStart: taken?.captionedTo,
      restored: taken?.audio,
      onKept: (position) => this.#hold.recorded(position),
      onEvent: (t, data) => {
        figures.noteEvent(t, data);
        this.#hold.emit(t, data);
      },
      onFailed: (error) => {
        logger.error({ error: error.message }, "A session cannot be recorded.");
        dispatch(
          error instanceof StorageError
            ? { type: "lose", key, ...goOnLater(error) }
            : { type: "fail", key, reason: "The server cannot keep the recording." },
        );
      },
    });
    if (taken === undefined) return;
    // The recogniser that would have finished them is gone.
    const open = new TranscriptMemory(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, taken.messages).openSegments;
    if (open.length > 0) this.#hold.emit("asr.void", { segment_ids: open });
  }

  append(frame: WireAudioFrame): void {
    this.recording.append(frame);
    this.#hold.append(frame);
    this.#answer(frame);
  }

  /** Sends the client a message, once it is kept. */
  tell(t: string, data: unknown): void {
    this.#hold.emit(t, data);
  }

  /** No more audio: resolves when all of it and everything about it is kept. @throws as the recording does. */
  async end(): Promise<void> {
    await this.recording.end();
    await this.#hold.settle();
  }

  /** Lets go of the session's place in the store, so that another node can go on with it. */
  release(): void {
    this.#hold.release();
  }

  /** Lets go of everything; the session is over. Never rejects. */
  async dispose(): Promise<void> {
    this.#hold.forget();
    await this.recording.dispose();
  }
}

/** A client that keeps its audio goes on in another recording as soon as that can be written. */
function goOnLater(error: StorageError): { readonly reason: string; readonly retryAfterMs: number } {
  if (error.isTemporary) return { reason: "The server's disk takes nothing at the moment.", retryAfterMs: 5_000 };
  const what = error.code === "ENOENT" ? "was taken away from this server" : "could not be written";
  return { reason: `The recording ${what}; it goes on in another one.`, retryAfterMs: 500 };
}
