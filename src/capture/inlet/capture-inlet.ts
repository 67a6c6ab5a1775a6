import type { ProcessorFrame } from "../../worklet/port-messages.js";
import { CaptureTimeline } from "./capture-timeline.js";
import type { FrameInlet, PlacedFrame, ProcessorId } from "./frame-inlet.js";

interface Processor {
  readonly id: ProcessorId;
  /** When its audio context was at zero, on the `performance.now()` clock. */
  clockMs: number;
  /** Added to the processor's positions to get the capture's; `undefined` until the next frame is placed. */
  offset: number | undefined;
  /** Frames that wait until it is known where they belong; `undefined` if none need to. */
  held: ProcessorFrame[] | undefined;
}

/** Turns what processors make into the frames of a stream. Touches nothing of the page, so that it may run in a worker. */
export class CaptureInlet implements FrameInlet {
  readonly onFrame: (frame: PlacedFrame) => void;
  readonly #timeline: CaptureTimeline;
  readonly #processors = new Map<ProcessorId, Processor>();
  readonly #onPlaced: (processor: ProcessorId, offset: number) => void;
  #latest: ProcessorId = 0;

  /**
   * @param sampleRate on the wire, in Hz.
   * @param onPlaced told from where a processor's positions count in the capture.
   */
  constructor(
    sampleRate: number,
    onFrame: (frame: PlacedFrame) => void,
    onPlaced: (processor: ProcessorId, offset: number) => void = () => {},
  ) {
    this.onFrame = onFrame;
    this.#onPlaced = onPlaced;
    this.#timeline = new CaptureTimeline(sampleRate);
  }

  begin(): ProcessorId {
    this.#latest += 1;
    this.add(this.#latest, undefined);
    return this.#latest;
  }

  /**
   * A processor begins that was named elsewhere, or goes on after another inlet.
   * @param offset from its positions to the capture's, as the other one had placed it.
   */
  add(processor: ProcessorId, offset: number | undefined): void {
    this.#processors.set(processor, { id: processor, clockMs: 0, offset, held: undefined });
  }

  /**
   * What the processor made before this position went to another inlet.
   * @returns the position in the capture, if the other one had placed the processor.
   */
  goOn(processor: ProcessorId, position: number): number | undefined {
    const offset = this.#processors.get(processor)?.offset;
    if (offset === undefined) return undefined;
    this.#timeline.reach(offset + position);
    return offset + position;
  }

  /** Another inlet had placed a sample there. */
  restore(position: number, timestamp: DOMHighResTimeStamp): void {
    this.#timeline.advance(position, 0, timestamp);
  }

  end(processor: ProcessorId): void {
    this.release(processor);
    this.#processors.delete(processor);
  }

  take(processor: ProcessorId, frame: ProcessorFrame): void {
    const from = this.#processors.get(processor);
    if (from === undefined) return;
    if (from.held === undefined) this.#deliver(from, frame);
    else from.held.push(frame);
  }

  setClock(processor: ProcessorId, clockMs: number): void {
    const from = this.#processors.get(processor);
    if (from !== undefined) from.clockMs = clockMs;
  }

  hold(processor: ProcessorId): void {
    const from = this.#processors.get(processor);
    if (from !== undefined) from.held ??= [];
  }

  release(processor: ProcessorId): void {
    const from = this.#processors.get(processor);
    const held = from?.held;
    if (from === undefined || held === undefined) return;
    from.held = undefined;
    for (const frame of held) this.#deliver(from, frame);
  }

  rebase(processor: ProcessorId): void {
    const from = this.#processors.get(processor);
    if (from !== undefined) from.offset = undefined;
  }

  pause(missingUntil: DOMHighResTimeStamp | undefined): void {
    this.#timeline.pause(missingUntil);
  }

  #deliver(from: Processor, { payload, position, sampleCount, contextTime, peak, rms, voice }: ProcessorFrame): void {
    const timestamp = contextTime * 1_000 + from.clockMs;
    if (from.offset === undefined) {
      from.offset = this.#timeline.positionAt(timestamp) - position;
      this.#onPlaced(from.id, from.offset);
    }
    const placed = from.offset + position;
    this.#timeline.advance(placed, sampleCount, timestamp);
    this.onFrame({
      payload: new Uint8Array(payload),
      position: placed,
      sampleCount,
      timestamp,
      peakLevel: peak,
      rmsLevel: rms,
      flags: 0,
      voice,
    });
  }
}
