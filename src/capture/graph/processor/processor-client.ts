import { type Deferred, deferred } from "../../../internal/deferred.js";
import type { Scope } from "../../../internal/scope.js";
import type { ProcessorCommand, ProcessorMessage, ProcessorSettings } from "../../../worklet/port-messages.js";
import type { FrameInlet, ProcessorId } from "../../inlet/frame-inlet.js";
import { captureFailed, messageOf, nameOf } from "../../media-errors.js";
import type { CaptureModule } from "./capture-module.js";

/** How long a dead audio thread may delay a pause, a flush or a stop. */
const CONFIRM_TIMEOUT_MS = 1_000;

/** What a {@link ProcessorClient} is made with. */
export interface ProcessorParts {
  readonly settings: ProcessorSettings;
  /** What it is of. */
  readonly module: Pick<CaptureModule, "processor">;
  /** Where its frames go. */
  readonly inlet: FrameInlet;
}

/** What has come from a processor since the last time. */
export interface ProcessorProgress {
  readonly frames: number;
  /** Loudest sample of these frames, linear, from 0. */
  readonly peak: number;
}

export interface ProcessorObserver {
  /** Before the frames that came through the page are handed to the inlet, and soon after it took those that did not. */
  onProgress(progress: ProcessorProgress): void;
  /** It threw, and does nothing any more. */
  onFailed(): void;
}

/** A processor on the audio thread, seen from the page. When the scope ends, it is told to stop and its port is closed. */
export class ProcessorClient {
  /** What is to be captured is led here. */
  readonly node: AudioWorkletNode;
  readonly #scope: Scope;
  readonly #inlet: FrameInlet;
  readonly #id: ProcessorId;
  readonly #unconfirmed = new Map<number, Deferred<void>>();
  #commands = 0;
  #clockMs: number | undefined;

  /** @throws AudioStreamError `capture-failed`. */
  constructor(
    scope: Scope,
    context: AudioContext,
    { settings, module, inlet }: ProcessorParts,
    observer: ProcessorObserver,
  ) {
    this.#scope = scope;
    this.#inlet = inlet;
    this.node = openNode(scope, context, module.processor, settings);
    const { port } = this.node;
    this.#id = inlet.begin({
      attach: (to) => port.postMessage({ type: "attach", port: to }, [to]),
      onDone: (command) => this.#confirm(command),
    });
    scope.defer("worklet port", () => {
      this.#post("stop");
      port.close();
      inlet.end(this.#id);
      for (const confirmed of this.#unconfirmed.values()) confirmed.resolve();
      this.#unconfirmed.clear();
    });
    scope.listen(port, "message", ({ data }: MessageEvent<ProcessorMessage>) => {
      if (data.type === "done") this.#confirm(data.id);
      else if (data.type === "progress") {
        observer.onProgress(data);
        inlet.progressed?.(this.#id, data);
      } else if (data.type === "frame") {
        observer.onProgress({ frames: 1, peak: data.peak });
        inlet.take(this.#id, data);
      }
    });
    scope.listen(this.node, "processorerror", () => observer.onFailed());
    port.start();
  }

  /** @param clockMs when the context was at zero, on the `performance.now()` clock. */
  setClock(clockMs: number): void {
    if (clockMs === this.#clockMs) return;
    this.#clockMs = clockMs;
    this.#inlet.setClock(this.#id, clockMs);
  }

  /** As {@link FrameInlet.rebase}. */
  rebase(): void {
    this.#inlet.rebase(this.#id);
  }

  /** As {@link FrameInlet.hold}. */
  hold(): void {
    this.#inlet.hold(this.#id);
  }

  /** As {@link FrameInlet.release}. */
  release(): void {
    this.#inlet.release(this.#id);
  }

  /**
   * Resolves when the processor has obeyed and its frames have been taken, or when the scope has ended, or after a second:
   * a context that does not run need not answer, and obeys once it does.
   */
  async command(type: ProcessorCommand["type"]): Promise<void> {
    if (this.#scope.disposed) return;
    const confirmed = deferred<void>();
    const id = this.#post(type);
    this.#unconfirmed.set(id, confirmed);
    const deadline = this.#scope.timeout(CONFIRM_TIMEOUT_MS, () => this.#confirm(id), `deadline of ${type}`);
    await confirmed.promise;
    deadline.dispose();
  }

  #post(type: ProcessorCommand["type"]): number {
    this.#commands += 1;
    const command: ProcessorCommand = { type, id: this.#commands };
    this.node.port.postMessage(command);
    return command.id;
  }

  #confirm(id: number): void {
    this.#unconfirmed.get(id)?.resolve();
    this.#unconfirmed.delete(id);
  }
}

/** With which a processor is tried. */
const TRIAL: ProcessorSettings = {
  encoding: "pcm_s16le",
  channels: "mix",
  sampleRate: 16_000,
  frameDurationMs: 20,
  position: 0,
};

/** Whether a module that was loaded into the context has registered the processor, which only making one shows. */
export function hasProcessor(context: BaseAudioContext, name: string): boolean {
  try {
    const { port } = new AudioWorkletNode(context, name, { processorOptions: TRIAL });
    port.postMessage({ type: "stop", id: 0 } satisfies ProcessorCommand);
    port.close();
    return true;
  } catch (error) {
    return nameOf(error) !== "InvalidStateError";
  }
}

function openNode(
  scope: Scope,
  context: AudioContext,
  name: string,
  processorOptions: ProcessorSettings,
): AudioWorkletNode {
  try {
    const node = new AudioWorkletNode(context, name, { outputChannelCount: [1], processorOptions });
    scope.defer("worklet node", () => node.disconnect());
    // Engines run only what leads to the destination; the processor's output stays silent.
    node.connect(context.destination);
    return node;
  } catch (cause) {
    throw captureFailed(`The audio-thread processor could not be made: ${messageOf(cause)}`, cause);
  }
}
