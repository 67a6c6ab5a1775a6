import { Scope } from "../internal/scope.js";
import type { ConnectionState, StreamState } from "../state.js";
import type { AudioStream } from "../stream/audio-stream.js";
import type { WarningEvent } from "../stream/events/events.js";

/** What a recorder does at one moment. It does not change. */
export interface RecorderSnapshot<Message> {
  /** The stream of the latest start; `undefined` before the first. */
  readonly stream: AudioStream<Message> | undefined;
  /** The stream's state; `idle` before the first start. */
  readonly state: StreamState;
  /** Whether the stream has a connection; `idle` before the first start. */
  readonly connectionState: ConnectionState;
  /** Why the latest start or its stream failed: an `AudioStreamError`, or the `TypeError` or `RangeError` of a wrong option. */
  readonly error: Error | undefined;
  /** A problem that the stream is handling, such as a server that cannot be reached; `undefined` once audio flows again. */
  readonly warning: Error | undefined;
}

const IDLE = {
  stream: undefined,
  state: "idle",
  connectionState: "idle",
  error: undefined,
  warning: undefined,
} as const;
const CHANGES = ["statechange", "connectionstatechange", "error"];

/**
 * A part of a page that can be started again and again: each start makes a stream of its own. Once it has been put away,
 * nothing of it runs, and nothing of it starts. Its functions can be handed on without it.
 */
export class Recorder<Message> {
  readonly #make: () => AudioStream<Message>;
  readonly #changes = new EventTarget();
  /** With what each stream that has not ended is listened to. */
  readonly #running = new Map<AudioStream<Message>, Scope>();
  #starting: Promise<void> = Promise.resolve();
  #isAway = false;
  #snapshot: RecorderSnapshot<Message> = IDLE;

  constructor(make: () => AudioStream<Message>) {
    this.#make = make;
  }

  readonly getSnapshot = (): RecorderSnapshot<Message> => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    const scope = new Scope({ name: "recorder" });
    scope.listen(this.#changes, "change", () => listener());
    return () => void scope.dispose();
  };

  /** Starts, unless it runs already. Never rejects: what goes wrong is in the snapshot. To be called in a click handler. */
  readonly start = (): Promise<void> => {
    const { stream, state } = this.#snapshot;
    if (this.#isAway || (stream !== undefined && state !== "closing" && state !== "closed")) return this.#starting;
    this.#starting = this.#begin().catch(() => {});
    return this.#starting;
  };

  /** Ends the stream in order. Never rejects: what goes wrong is in the snapshot. */
  readonly close = async (): Promise<void> => {
    await this.#snapshot.stream?.close().catch(() => {});
  };

  /** Ends everything at once; the microphone is off before it returns. */
  readonly abort = (): void => {
    for (const stream of [...this.#running.keys()]) stream.abort();
  };

  /** It may be started from now on, as it may after it was made. */
  takeOut(): void {
    this.#isAway = false;
  }

  /** Ends everything, and starts nothing any more. */
  putAway(): void {
    this.#isAway = true;
    this.abort();
  }

  async #begin(): Promise<void> {
    let stream: AudioStream<Message>;
    try {
      stream = this.#make();
    } catch (error) {
      this.#change({ ...IDLE, error: error as Error });
      return;
    }
    const scope = new Scope({ name: "recorder" });
    this.#running.set(stream, scope);
    const update = (): void => {
      // A stream that is still delivering its last audio gives way to the next one.
      if (this.#snapshot.stream !== stream) return;
      const { state, connectionState, error } = stream;
      const isOver = state === "streaming" || state === "closed";
      this.#change({ stream, state, connectionState, error, warning: isOver ? undefined : this.#snapshot.warning });
    };
    for (const type of CHANGES) scope.listen(stream, type, update);
    scope.listen(stream, "warning", ({ error: warning }: WarningEvent) => {
      if (this.#snapshot.stream === stream) this.#change({ ...this.#snapshot, warning });
    });
    scope.listen(stream, "close", () => {
      this.#running.delete(stream);
      void scope.dispose();
    });
    // Whoever sees the new stream first can listen to it before it has anything to say.
    this.#change({ ...IDLE, stream, state: stream.state, connectionState: stream.connectionState });
    await stream.start();
  }

  #change(snapshot: RecorderSnapshot<Message>): void {
    this.#snapshot = snapshot;
    this.#changes.dispatchEvent(new Event("change"));
  }
}
