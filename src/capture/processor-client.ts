import { withSignal } from "../internal/abort.js";
import { type Deferred, deferred } from "../internal/deferred.js";
import type { Scope } from "../internal/scope.js";
import type { ProcessorCommand, ProcessorFrame, ProcessorMessage } from "../worklet/port-messages.js";

/** The page's end of the processor's port. When the scope ends, the processor is told to stop and the port is closed. */
export class ProcessorClient {
  readonly #scope: Scope;
  readonly #port: MessagePort;
  readonly #unconfirmed = new Map<number, Deferred<void>>();
  #commands = 0;

  constructor(scope: Scope, port: MessagePort, onFrame: (frame: ProcessorFrame) => void) {
    this.#scope = scope;
    this.#port = port;
    scope.defer("worklet port", () => {
      this.#post("stop");
      port.close();
      this.#unconfirmed.clear();
    });
    scope.listen(port, "message", ({ data }: MessageEvent<ProcessorMessage>) => {
      if (data.type === "frame") onFrame(data);
      else this.#confirm(data.id);
    });
    port.start();
  }

  /**
   * Resolves when the processor has obeyed and its frames have arrived, or after the deadline: a context that does not
   * run need not answer, and obeys once it does.
   * @throws the reason of the scope's end.
   */
  async command(type: ProcessorCommand["type"], timeoutMs: number): Promise<void> {
    this.#scope.signal.throwIfAborted();
    const confirmed = deferred<void>();
    const id = this.#post(type);
    this.#unconfirmed.set(id, confirmed);
    const deadline = this.#scope.timeout(timeoutMs, () => this.#confirm(id), `deadline of ${type}`);
    try {
      await withSignal(confirmed.promise, this.#scope.signal);
    } finally {
      deadline.dispose();
    }
  }

  #post(type: ProcessorCommand["type"]): number {
    this.#commands += 1;
    const command: ProcessorCommand = { type, id: this.#commands };
    this.#port.postMessage(command);
    return command.id;
  }

  #confirm(id: number): void {
    this.#unconfirmed.get(id)?.resolve();
    this.#unconfirmed.delete(id);
  }
}
