import type { FrameInlet, ProcessorId, ProcessorLink } from "../capture/inlet/frame-inlet.js";
import type { AudioFrame } from "../capture/source.js";
import type { ProcessorFrame } from "../worklet/port-messages.js";
import type { RunningCommand } from "./running-messages.js";

/** What a running side that takes the place of another has to know. */
interface Processor {
  readonly link: ProcessorLink;
  readonly offset: number | undefined;
  readonly clockMs: number | undefined;
  readonly isHeld: boolean;
}

/** What a {@link RemoteInlet} is made with. */
export interface RemoteInletParts {
  onFrame(frame: AudioFrame): void;
  /** Whether the running side is on another thread. */
  isFar(): boolean;
  post(command: RunningCommand, transfer: readonly Transferable[]): void;
}

/** The inlet of a running side, seen from the page. Processors post straight to a running side in a worker. */
export class RemoteInlet implements FrameInlet {
  readonly onFrame: (frame: AudioFrame) => void;
  readonly #parts: RemoteInletParts;
  readonly #processors = new Map<ProcessorId, Processor>();
  #latest: ProcessorId = 0;

  constructor(parts: RemoteInletParts) {
    this.#parts = parts;
    this.onFrame = parts.onFrame;
  }

  begin(link: ProcessorLink): ProcessorId {
    this.#latest += 1;
    const processor = this.#latest;
    this.#processors.set(processor, { link, offset: undefined, clockMs: undefined, isHeld: false });
    if (!this.#parts.isFar()) this.#parts.post({ type: "processor", processor, port: undefined }, []);
    else this.#connect(link, (port) => ({ type: "processor", processor, port }));
    return processor;
  }

  end(processor: ProcessorId): void {
    this.#processors.delete(processor);
    this.#parts.post({ type: "processor-end", processor }, []);
  }

  take(processor: ProcessorId, frame: ProcessorFrame): void {
    this.#parts.post({ type: "processor-frame", processor, frame }, [frame.payload]);
  }

  setClock(processor: ProcessorId, clockMs: number): void {
    this.#note(processor, { clockMs });
    this.#parts.post({ type: "processor-clock", processor, clockMs }, []);
  }

  hold(processor: ProcessorId): void {
    this.#note(processor, { isHeld: true });
    this.#parts.post({ type: "processor-hold", processor }, []);
  }

  release(processor: ProcessorId): void {
    this.#note(processor, { isHeld: false });
    this.#parts.post({ type: "processor-release", processor }, []);
  }

  rebase(processor: ProcessorId): void {
    this.#note(processor, { offset: undefined });
    this.#parts.post({ type: "processor-rebase", processor }, []);
  }

  pause(missingUntil: DOMHighResTimeStamp | undefined): void {
    this.#parts.post({ type: "capture-pause", missingUntil }, []);
  }

  /** The running side has taken all frames that the processor made before it obeyed the command. */
  confirm(processor: ProcessorId, command: number): void {
    this.#processors.get(processor)?.link.onDone(command);
  }

  /** The running side counts the processor's positions from here. */
  placed(processor: ProcessorId, offset: number): void {
    this.#note(processor, { offset });
  }

  /** Another running side is there: leads all processors to it. @returns whether there are any. */
  reconnect(): boolean {
    for (const [processor, { link, offset, clockMs, isHeld }] of this.#processors) {
      this.#connect(link, (port) => ({ type: "processor-again", processor, port, offset }));
      if (clockMs !== undefined) this.setClock(processor, clockMs);
      if (isHeld) this.hold(processor);
    }
    return this.#processors.size > 0;
  }

  #connect(link: ProcessorLink, command: (port: MessagePort) => RunningCommand): void {
    const { port1, port2 } = new MessageChannel();
    link.attach(port1);
    this.#parts.post(command(port2), [port2]);
  }

  #note(processor: ProcessorId, facts: Partial<Processor>): void {
    const known = this.#processors.get(processor);
    if (known !== undefined) this.#processors.set(processor, { ...known, ...facts });
  }
}
