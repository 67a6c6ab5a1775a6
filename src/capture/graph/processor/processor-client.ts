import { type Deferred, deferred } from "../../../internal/deferred.js";
import type { Scope } from "../../../internal/scope.js";
import {
  PROCESSOR_NAME,
  type ProcessorCommand,
  type ProcessorFrame,
  type ProcessorMessage,
  type ProcessorSettings,
} from "../../../worklet/port-messages.js";
import { captureFailed, messageOf } from "../../media-errors.js";

/** How long a dead audio thread may delay a pause, a flush or a stop. */
const CONFIRM_TIMEOUT_MS = 1_000;

export interface ProcessorObserver {
  onFrame(frame: ProcessorFrame): void;
  /** It threw, and does nothing any more. */
  onFailed(): void;
}

/** A processor on the audio thread, seen from the page. When the scope ends, it is told to stop and its port is closed. */
export class ProcessorClient {
  /** What is to be captured is led here. */
  readonly node: AudioWorkletNode;
  readonly #scope: Scope;
  readonly #unconfirmed = new Map<number, Deferred<void>>();
  #commands = 0;

  /** @throws AudioStreamError `capture-failed`. */
  constructor(scope: Scope, context: AudioContext, settings: ProcessorSettings, observer: ProcessorObserver) {
    this.#scope = scope;
    this.node = openNode(scope, context, settings);
    const { port } = this.node;
    scope.defer("worklet port", () => {
      this.#post("stop");
      port.close();
      for (const confirmed of this.#unconfirmed.values()) confirmed.resolve();
      this.#unconfirmed.clear();
    });
    scope.listen(port, "message", ({ data }: MessageEvent<ProcessorMessage>) => {
      if (data.type === "frame") observer.onFrame(data);
      else this.#confirm(data.id);
    });
    scope.listen(this.node, "processorerror", () => observer.onFailed());
    port.start();
  }

  /**
   * Resolves when the processor has obeyed and its frames have arrived, or when the scope has ended, or after a second:
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

function openNode(scope: Scope, context: AudioContext, processorOptions: ProcessorSettings): AudioWorkletNode {
  try {
    const node = new AudioWorkletNode(context, PROCESSOR_NAME, { outputChannelCount: [1], processorOptions });
    scope.defer("worklet node", () => node.disconnect());
    // Engines run only what leads to the destination; the processor's output stays silent.
    node.connect(context.destination);
    return node;
  } catch (cause) {
    throw captureFailed(`The audio-thread processor could not be made: ${messageOf(cause)}`, cause);
  }
}
