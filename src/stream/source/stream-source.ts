import type { AudioCapture, SourceOpenOptions } from "../../capture/source.js";
import { attempt } from "../../internal/attempt.js";
import type { Scope } from "../../internal/scope.js";
import { doneWithin, overtakenBy } from "./calls.js";
import { type OpeningParts, SourceOpening } from "./source-opening.js";
import { SourceSupervisor, type SupervisorParts } from "./source-supervisor.js";

/** What a {@link StreamSource} is made with. */
export interface StreamSourceParts extends Pick<OpeningParts, "prepare" | "onFailed"> {
  /** Owns what the source acquires. */
  readonly scope: Scope;
  /** Whom the open source's supervisor calls. */
  readonly supervisor: Pick<SupervisorParts, "onPaused" | "onChange" | "onStuck">;
  open(options: Pick<SourceOpenOptions, "signal" | "scope">): Promise<AudioCapture>;
  /** The source will not be opened. It may throw. */
  release(reason: unknown): void;
  onOpen(): void;
  /** The source was given back before the start, since nobody waits for it any more. */
  onCancelled(): void;
}

/** The source of a stream: opened once it is asked for, driven while it is open, and stopped once. */
export class StreamSource {
  readonly #parts: StreamSourceParts;
  /** A new one after each opening that was cancelled. */
  #scope: Scope;
  #opening: SourceOpening | undefined;
  #capture: AudioCapture | undefined;
  #supervisor: SourceSupervisor | undefined;

  constructor(parts: StreamSourceParts) {
    this.#parts = parts;
    this.#scope = parts.scope.child("capture");
  }

  /** Ends with the source. */
  get scope(): Scope {
    return this.#scope;
  }

  get track(): MediaStreamTrack | undefined {
    return this.#capture?.track;
  }

  /** `undefined` until the source is open. */
  get supervisor(): SourceSupervisor | undefined {
    return this.#supervisor;
  }

  get paused(): boolean {
    return this.#supervisor?.paused ?? false;
  }

  /** Whether what the source delivers is wanted. One that does not stop when it is told to is not heard. */
  get listening(): boolean {
    return !this.#scope.disposed && this.#supervisor?.listening !== false;
  }

  /**
   * Opens the source, once, inside the call. When the last one who waits for it is aborted, it is given back.
   * @throws what it threw, or the signal's reason.
   */
  open(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const isFirst = this.#opening === undefined;
    this.#opening ??= this.#newOpening();
    const opening = this.#opening;
    const opened = opening.wait(signal);
    if (isFirst) opening.begin(this.#parts.open);
    return opened;
  }

  /**
   * Ends the source and then everything it acquired. @param delivered resolves when its last audio has gone on.
   * @throws what the source throws, or an error when it takes longer than `timeoutMs`.
   */
  async stop(timeoutMs: number, delivered: () => Promise<void>): Promise<void> {
    const supervisor = this.#supervisor;
    // One that is not open yet has nothing to deliver, and asks for nothing any more.
    if (supervisor === undefined) {
      void this.#scope.dispose(overtakenBy("close()"));
      return;
    }
    const stop = async (): Promise<void> => {
      await supervisor.stop();
      await delivered();
    };
    try {
      if (!(await doneWithin(this.#scope, timeoutMs, stop()))) throw new Error("It took too long.");
    } finally {
      void this.#scope.dispose();
    }
  }

  /** Ends every call, and asks the source for nothing any more. One that was not opened yet lets go of what it holds. */
  end(reason: unknown): void {
    this.#supervisor?.end(reason);
    if (this.#opening === undefined) void attempt(() => this.#parts.release(reason)).catch(() => {});
  }

  #newOpening(): SourceOpening {
    const { prepare, supervisor, onOpen, onFailed, onCancelled } = this.#parts;
    const scope = this.#scope;
    return new SourceOpening({
      scope,
      prepare,
      onOpen: (capture) => {
        this.#capture = capture;
        this.#supervisor = new SourceSupervisor({ scope, capture, ...supervisor });
        onOpen();
      },
      onFailed,
      onCancelled: () => {
        this.#opening = undefined;
        this.#scope = this.#parts.scope.child("capture");
        onCancelled();
      },
    });
  }
}
