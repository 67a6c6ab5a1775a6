import type { WireAudioFrame } from "loquilex/protocol";
import { BoundedQueue, type BoundedQueueMetrics, type Clock, type Scope, withSignal } from "loquilex/resources";
import { frameTail } from "../protocol/frame-tail.js";
import type { Engine, EngineRun, EngineStatus, Segment } from "./engine.js";
import { fitSegment } from "./fit-segment.js";
import { ENGINE_FORMAT, EngineEar, type HeardAudio, type StreamFormat } from "./hearing/engine-ear.js";

const BYTES_PER_SAMPLE = 2;
/** Losses are told in pieces of this length, not frame by frame. */
const DROP_REPORT_SEC = 1;

export interface EngineFeedOptions {
  readonly engine: Engine;
  readonly format: StreamFormat;
  readonly startPosition: number;
  /** Samples that may wait for a slow engine. */
  readonly maxQueuedSamples: number;
  readonly clock: Clock;
  readonly scope: Scope;
  onStatus(status: EngineStatus): void;
  onSegment(segment: Segment): void;
  /** The engine was too slow, and never hears these samples. */
  onDrop(from: number, to: number): void;
}

/** Gives an engine the audio in the format it hears and at its own pace; what it cannot take in time it does not get, and the owner is told. */
export class EngineFeed {
  readonly #options: EngineFeedOptions;
  readonly #queue: BoundedQueue<WireAudioFrame>;
  readonly #ear: EngineEar;
  #run: EngineRun | undefined;
  /** Position of the next sample that the engine expects. */
  #position: number;
  #dropped: { from: number; to: number } | undefined;
  #busy = false;
  /** Frames that the engine took when they came. */
  #neverQueued = 0;
  /** What goes on or went on last; never rejects. */
  #feeding: Promise<void> = Promise.resolve();
  #ended = false;
  #failed = false;
  #disposal: Promise<void> | undefined;

  constructor(options: EngineFeedOptions) {
    this.#options = options;
    this.#position = options.startPosition;
    this.#ear = new EngineEar(options.format, options.startPosition);
    this.#queue = new BoundedQueue({
      maxCost: options.maxQueuedSamples,
      costOf: (frame) => frame.sampleCount,
      now: () => options.clock.now(),
    });
  }

  /** Figures of the queue of audio for the engine, in frames and samples. */
  readMetrics(): BoundedQueueMetrics {
    const metrics = this.#queue.readMetrics();
    return { ...metrics, pushed: metrics.pushed + this.#neverQueued };
  }

  get queuedSamples(): number {
    return this.#queue.cost;
  }

  /** Starts the engine; frames may have come before. */
  start(): void {
    if (this.#ended || this.#disposal !== undefined) return;
    const { engine, scope, onStatus } = this.#options;
    try {
      this.#run = engine.open({
        format: ENGINE_FORMAT,
        startPosition: this.#ear.position,
        scope,
        onStatus,
        onSegment: (segment) => this.#report(segment),
        onError: (error) => this.#fail(error),
      });
      this.#feedOn();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Audio before the start is not for this engine: it was recognised elsewhere. */
  push(whole: WireAudioFrame): void {
    if (this.#ended || this.#failed || this.#disposal !== undefined) return;
    const { startPosition, format } = this.#options;
    const frame = frameTail(whole, startPosition, BYTES_PER_SAMPLE * format.channels);
    if (frame === undefined) return;
    if (this.#run !== undefined && !this.#busy) this.#giveAtOnce(this.#run, frame);
    else for (const lost of this.#queue.push({ ...frame, payload: frame.payload.slice() })) this.#drop(lost);
  }

  /** No more audio: resolves when the engine has heard what waits and has said its last word. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#feeding;
    this.#reportDrop();
    if (this.#run !== undefined) void this.#write(this.#run, this.#ear.rest());
    await this.#run?.end().catch((error: unknown) => this.#fail(error));
  }

  /** Lets go of the engine now. Idempotent. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#release();
    return this.#disposal;
  }

  async #release(): Promise<void> {
    this.#queue.clear();
    await this.#run?.dispose();
  }

  #feedOn(): void {
    if (this.#busy || this.#run === undefined) return;
    this.#busy = true;
    this.#feeding = this.#feed(this.#run);
  }

  async #feed(run: EngineRun, firstRoom?: Promise<void>): Promise<void> {
    const { scope } = this.#options;
    try {
      if (firstRoom !== undefined) await withSignal(firstRoom, scope.signal);
      for (let frame = this.#queue.shift(); frame !== undefined; frame = this.#queue.shift()) {
        const room = this.#give(run, frame);
        if (room !== undefined) await withSignal(room, scope.signal);
      }
    } catch (error) {
      if (!scope.disposed) this.#fail(error);
    }
    this.#busy = false;
  }

  /** Most engines can take most frames when they come. */
  #giveAtOnce(run: EngineRun, frame: WireAudioFrame): void {
    this.#neverQueued += 1;
    try {
      const room = this.#give(run, frame);
      if (room === undefined) return;
      this.#busy = true;
      this.#feeding = this.#feed(run, room);
    } catch (error) {
      this.#fail(error);
    }
  }

  #give(run: EngineRun, frame: WireAudioFrame): Promise<void> | undefined {
    this.#reportDrop();
    if (frame.position > this.#position) this.#skip(run, frame.position);
    this.#position = frame.position + frame.sampleCount;
    return this.#write(run, this.#ear.hear(frame));
  }

  #write(run: EngineRun, { samples, position }: HeardAudio): Promise<void> | undefined {
    return samples.byteLength === 0 ? undefined : run.write(samples, position);
  }

  #skip(run: EngineRun, position: number): void {
    void this.#write(run, this.#ear.rest());
    const { from, to } = this.#ear.skipTo(position);
    if (to > from) run.gap(from, to);
  }

  #report(said: Segment): void {
    const segment = fitSegment(said);
    const inStream = ({ from, to }: { readonly from: number; readonly to: number }) => ({
      from: this.#ear.toStream(from),
      to: this.#ear.toStream(to),
    });
    const words = segment.words?.map((word) => ({ ...word, ...inStream(word) }));
    this.#options.onSegment({ ...segment, ...inStream(segment), words });
  }

  #drop(frame: WireAudioFrame): void {
    const to = frame.position + frame.sampleCount;
    this.#dropped = { from: this.#dropped?.from ?? frame.position, to };
    if (to - this.#dropped.from >= DROP_REPORT_SEC * this.#options.format.sampleRate) this.#reportDrop();
  }

  #reportDrop(): void {
    const dropped = this.#dropped;
    this.#dropped = undefined;
    if (dropped !== undefined) this.#options.onDrop(dropped.from, dropped.to);
  }

  #fail(error: unknown): void {
    const run = this.#run;
    this.#run = undefined;
    this.#failed = true;
    this.#queue.discard("the engine failed");
    void run?.dispose();
    this.#options.onStatus({
      engine: this.#options.engine.name,
      words: false,
      detail: String(error instanceof Error ? error.message : error),
    });
  }
}
