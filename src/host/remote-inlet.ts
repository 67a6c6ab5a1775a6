import type { FrameInlet, ProcessorId, ProcessorLink } from "../capture/inlet/frame-inlet.js";
import type { AudioFrame } from "../capture/source.js";
import type { ProcessorFrame, ProcessorProgressed } from "../worklet/port-messages.js";
import type { RunningCommand } from "./running-messages.js";
import type { SourceAccount } from "./source-account.js";

/** What a running side that takes the place of another has to know. */
interface Processor {
  readonly link: ProcessorLink;
  offset: number | undefined;
  clockMs: number | undefined;
  isHeld: boolean;
  /** Its position after the last sample that it is known to have made. */
  position: number;
}

/** What a {@link RemoteInlet} is made with. */
export interface RemoteInletParts {
  onFrame(frame: AudioFrame): void;
  readonly source: SourceAccount;
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
    this.#processors.set(processor, { link, offset: undefined, clockMs: undefined, isHeld: false, position: 0 });
    if (this.#parts.isFar()) this.#connect(processor, link, undefined);
    else this.#parts.post({ type: "processor", processor, port: undefined, offset: undefined }, []);
    return processor;
  }

  end(processor: ProcessorId): void {
    this.#processors.delete(processor);
    this.#parts.post({ type: "processor-end", processor }, []);
  }

  take(processor: ProcessorId, frame: ProcessorFrame): void {
    this.#count(processor, frame.position + frame.sampleCount, frame.sampleCount, 1);
    this.#parts.post({ type: "processor-frame", processor, frame }, [frame.payload]);
  }

  progressed(processor: ProcessorId, { position, samples, frames }: ProcessorProgressed): void {
    this.#count(processor, position, samples, frames);
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

  /**
   * Another running side is there: leads all processors to it.
   * @param isTied whether the clock can say where audio belongs that the one before had not placed. If not, it stays where
   * it was counted.
   * @returns whether there are any.
   */
  reconnect(isTied: boolean): boolean {
    const { source } = this.#parts;
    for (const [processor, { link, offset, clockMs, isHeld, position }] of this.#processors) {
      const place = offset ?? (isTied ? undefined : source.position - position);
      this.#connect(processor, link, place);
      if (clockMs !== undefined) this.setClock(processor, clockMs);
      if (isHeld) this.hold(processor);
    }
    return this.#processors.size > 0;
  }

  #connect(processor: ProcessorId, link: ProcessorLink, offset: number | undefined): void {
    const { port1, port2 } = new MessageChannel();
    link.attach(port1);
    this.#parts.post({ type: "processor", processor, port: port2, offset }, [port2]);
  }

  /** Counts what a processor has made. What is not placed yet follows on what came before. */
  #count(processor: ProcessorId, position: number, samples: number, frames: number): void {
    const { source } = this.#parts;
    const { offset = source.position + samples - position } = this.#processors.get(processor) ?? {};
    source.add(offset + position, samples, frames);
    this.#note(processor, { position });
  }

  #note(processor: ProcessorId, facts: Partial<Processor>): void {
    const known = this.#processors.get(processor);
    if (known !== undefined) Object.assign(known, facts);
  }
}
