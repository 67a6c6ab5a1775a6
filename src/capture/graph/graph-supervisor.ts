import type { AudioStreamError } from "../../errors.js";
import { systemClock } from "../../internal/clock.js";
import type { Registration, Scope } from "../../internal/scope.js";
import type { ProcessorSettings } from "../../worklet/port-messages.js";
import type { FrameInlet } from "../inlet/frame-inlet.js";
import type { Interruptions } from "../interruptions.js";
import { givenContextClosed } from "../media-errors.js";
import type { CaptureOptions } from "../microphone/capture-options.js";
import { MICROPHONE_DEFAULTS } from "../microphone/microphone-options.js";
import { AudioGraph, type GraphOptions, isMuted, isNode, type Sound } from "./audio-graph.js";
import { type ContextState, monitorContext, resumeQuietly } from "./context-monitor.js";
import { watchFirstFrame } from "./first-frame-watch.js";
import { GraphExchange } from "./graph-exchange.js";
import { Mending } from "./mending.js";
import { type Progress, ProgressWatch } from "./progress-watch.js";

/** What a {@link GraphSupervisor} is made with. */
export interface GraphSupervisorParts extends Pick<GraphOptions, "module"> {
  readonly scope: Scope;
  readonly interruptions: Interruptions;
  readonly asked: Pick<CaptureOptions, "audioContext" | "workletUrl" | "deviceLossTimeoutMs" | "track" | "node">;
  readonly settings: ProcessorSettings;
  /** Where the frames go. */
  readonly inlet: FrameInlet;
  /** Frames have come. @param peak the loudest sample of them, linear, from 0. */
  onHeard(peak: number): void;
  onWarning(error: AudioStreamError): void;
  /** It cannot be mended: nothing more comes. */
  onFailed(error: AudioStreamError): void;
}

/** Keeps a graph delivering: one whose context stands still is built anew, a processor that failed is begun again. */
export class GraphSupervisor {
  readonly #parts: GraphSupervisorParts;
  readonly #mending: Mending;
  readonly #exchange: GraphExchange;
  #progress: ProgressWatch | undefined;
  #sound: Sound | undefined;
  #firstFrame: Registration | undefined;
  #paused = false;
  /** It should deliver again, which the next frame will show. */
  #recovering = false;
  /** The person has touched the page, so that nothing excuses a suspended context any more. */
  #woken = false;

  /** Creates and starts the context at once, while the person's gesture counts. @throws AudioStreamError. */
  constructor(parts: GraphSupervisorParts) {
    this.#parts = parts;
    this.#exchange = new GraphExchange({
      make: () => this.#newGraph(),
      sound: () => this.#sound,
      // A context that stands still does not answer.
      answers: ({ context }) => context.state === "running" && !parts.interruptions.has("context-stalled"),
      onReplaced: (graph, sound) => {
        this.#sound = sound;
        if (this.#paused) void graph.command("pause");
        this.#awaitFrame();
        this.#watch(graph);
      },
    });
    this.#mending = new Mending({
      scope: parts.scope,
      limitMs: parts.asked.deviceLossTimeoutMs ?? MICROPHONE_DEFAULTS.deviceLossTimeoutMs,
      counts: () => this.#isDue(this.#graph),
      mend: () => this.#mend(),
      onFailed: parts.onFailed,
    });
  }

  /** @throws AudioStreamError `worklet-load-failed`, or the reason of the scope's end. */
  load(): Promise<void> {
    return this.#graph.load();
  }

  /** Delivers the sound from now on. @throws AudioStreamError `capture-failed`, or the reason of the scope's end. */
  async begin(sound: Sound): Promise<void> {
    await this.#graph.started();
    this.#graph.connect(sound);
    this.#sound = sound;
    this.#graph.begin();
    this.#watch(this.#graph);
    const { scope, asked, onFailed } = this.#parts;
    // What was given may be silent for as long as its owner likes, and what is acquired later is mended by others.
    if (asked.track !== undefined || asked.node !== undefined) return;
    this.#firstFrame = watchFirstFrame(scope, {
      running: () => this.#graph.context.state === "running",
      counts: () => this.#sound === sound && this.#isDue(this.#graph) && !isMuted(sound),
      onFailed,
    });
  }

  get context(): AudioContext {
    return this.#graph.context;
  }

  get #graph(): AudioGraph {
    return this.#exchange.graph;
  }

  /** Lets a context go on that the browser suspended; to be called inside the person's gesture. */
  wake(): void {
    if (this.#graph.context.state === "suspended") resumeQuietly(this.#graph.context);
  }

  /**
   * Delivers this sound in place of the one before. The last call wins.
   * @throws AudioStreamError, or an `AbortError` when another call overtakes it; the sound before goes on.
   */
  async connect(sound: Sound): Promise<void> {
    this.#exchange.overtake();
    if (isNode(sound) || this.#graph.suits(sound)) {
      try {
        this.#graph.connect(sound);
        this.#sound = sound;
        return;
      } catch (error) {
        // Firefox connects no device of another rate, which a context of the rate that it chooses now may be able to.
        if (!this.#graph.own) throw error;
      }
    }
    try {
      await this.#exchange.replace({ wanted: sound });
    } catch (error) {
      if (this.#parts.interruptions.has("context-stalled")) this.#mending.needed();
      throw error;
    }
  }

  /** The sound is gone. What was heard of it goes out. */
  disconnect(): void {
    this.#sound = undefined;
    this.#graph.disconnect();
    void this.#graph.command("flush");
  }

  async flush(): Promise<void> {
    await this.#graph.command("flush");
    this.#parts.scope.signal.throwIfAborted();
  }

  /** Emits what was heard, and then nothing until {@link resume}. */
  async pause(): Promise<void> {
    const isFirst = !this.#paused;
    this.#paused = true;
    await this.#graph.command("pause");
    this.#parts.scope.signal.throwIfAborted();
    // Another call may have come meanwhile.
    if (!isFirst || !this.#paused) return;
    const missingUntil = this.#parts.interruptions.missing ? systemClock.now() : undefined;
    if (missingUntil !== undefined) this.#graph.rebase();
    this.#parts.inlet.pause(missingUntil);
    // Nothing is missed in a pause, and no frame can end an interruption. The resumption begins again what has failed.
    if (this.#recovering) this.#recovered();
    else this.#mending.heard();
    this.#parts.interruptions.set({ "context-stalled": false, "processor-failed": false });
  }

  async resume(): Promise<void> {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#graph.hasProcessor) this.#beginAgain();
    else await this.#graph.command("resume");
    this.#parts.scope.signal.throwIfAborted();
  }

  /** Emits all that was heard, and nothing more. */
  async stop(): Promise<void> {
    await Promise.all([this.#exchange.retired(), this.#graph.command("stop")]);
  }

  #newGraph(): AudioGraph {
    const { scope, asked, settings, module, inlet } = this.#parts;
    const graph: AudioGraph = new AudioGraph(scope.child("graph"), {
      audioContext: asked.audioContext,
      workletUrl: asked.workletUrl,
      module,
      given: asked.track !== undefined,
      settings,
      inlet,
      onHeard: (peak) => {
        if (graph === this.#graph) this.#progress?.frameArrived();
        this.#firstFrame?.dispose();
        if (graph === this.#graph && this.#recovering && graph.context.state === "running") this.#recovered();
        this.#parts.onHeard(peak);
      },
      onWarning: this.#parts.onWarning,
      onProcessorFailed: () => this.#onProcessorFailed(graph),
    });
    return graph;
  }

  #watch(graph: AudioGraph): void {
    monitorContext(graph.scope, graph.context, graph.own, {
      onState: (state) => this.#onState(graph, state),
      onStillInterrupted: () => this.#exchange.tryAnother(),
      onWoken: () => (this.#woken = true),
    });
    this.#progress = new ProgressWatch(graph.scope, () => this.#progressOf(graph), {
      onClockStill: () => graph.hold(),
      onClockStalled: () => this.#onStalled(graph),
      onClockMoving: () => {
        graph.rebase();
        this.#awaitFrame();
      },
      onFramesMissing: () => this.#onStalled(graph),
    });
  }

  #isDue(graph: AudioGraph): boolean {
    return this.#sound !== undefined && !this.#paused && graph.shouldRun(this.#woken);
  }

  #progressOf(graph: AudioGraph): Progress {
    return graph.progress({ isDue: this.#isDue(graph), isMuted: isMuted(this.#sound) });
  }

  #onState(graph: AudioGraph, state: ContextState): void {
    const { interruptions, onFailed } = this.#parts;
    if (state === "closed") {
      if (graph.own) this.#onStalled(graph);
      else onFailed(givenContextClosed());
      return;
    }
    if (state === "running") {
      if (graph.frames > 0) graph.rebase();
      this.#awaitFrame();
      return;
    }
    // What it holds belongs before the break, and what comes after that does not.
    void graph.command("flush").then(() => graph.context.state !== "running" && graph.hold());
    this.#recovering = false;
    interruptions.set({
      "context-suspended": state === "suspended",
      "context-interrupted": state === "interrupted",
      "context-stalled": false,
    });
  }

  // WebAudio/web-audio-api#2392, #2585: after a call, contexts claim to run and do not.
  #onStalled(graph: AudioGraph): void {
    if (graph !== this.#graph) return;
    this.#recovering = false;
    this.#parts.interruptions.set({ "context-stalled": true });
    if (graph.own) this.#mending.needed();
  }

  // GoogleChromeLabs/web-audio-samples#477: a processor that throws once is not called again.
  #onProcessorFailed(graph: AudioGraph): void {
    graph.dropProcessor();
    // One that fails in a pause is begun again by the resumption.
    if (graph !== this.#graph || this.#paused) return;
    this.#recovering = false;
    this.#parts.interruptions.set({ "processor-failed": true });
    this.#mending.needed();
  }

  #mend(): void {
    // What is under way may mend it; if it does not, this is asked for again.
    if (this.#exchange.building) return;
    const { context, own, hasProcessor } = this.#graph;
    // A context must not be replaced unasked while the system holds the audio.
    if ((context.state as ContextState) === "interrupted") return;
    if (!own || (!hasProcessor && !this.#parts.interruptions.has("context-stalled"))) this.#beginAgain();
    else
      this.#exchange.replace().catch((error: unknown) => {
        if (!this.#parts.scope.disposed && !this.#exchange.building) this.#mending.needed(error);
      });
  }

  #beginAgain(): void {
    if (this.#paused) return;
    try {
      this.#graph.begin();
      this.#awaitFrame();
    } catch (error) {
      this.#parts.interruptions.set({ "processor-failed": true });
      this.#mending.needed(error);
    }
  }

  /** It should deliver again. That it does is shown by the next frame, unless none is due. */
  #awaitFrame(): void {
    this.#recovering = true;
    if (this.#paused || this.#sound === undefined) this.#recovered();
  }

  #recovered(): void {
    this.#recovering = false;
    // Also if no frame is due, a processor that failed is still to be begun again.
    const isFailed = !this.#paused && !this.#graph.hasProcessor;
    if (!isFailed) this.#mending.heard();
    this.#parts.interruptions.set({
      "context-suspended": false,
      "context-interrupted": false,
      "context-stalled": false,
      "processor-failed": isFailed,
    });
  }
}
