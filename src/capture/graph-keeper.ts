import type { AudioStreamError } from "../errors.js";
import { systemClock } from "../internal/clock.js";
import type { Scope } from "../internal/scope.js";
import type { ProcessorSettings } from "../worklet/port-messages.js";
import { AudioGraph, isNode, type Sound } from "./audio-graph.js";
import type { CaptureOptions } from "./capture-options.js";
import { CaptureTimeline } from "./capture-timeline.js";
import { type ContextState, monitorContext, resumeQuietly } from "./context-monitor.js";
import type { Interruptions } from "./interruptions.js";
import { captureFailed, toCaptureError } from "./media-errors.js";
import { type Progress, ProgressWatch } from "./progress-watch.js";
import type { AudioFrame } from "./source.js";
import { Turns } from "./turns.js";

/** How often it is mended in a row without a frame in between. */
const MENDS = 3;

/** What a {@link GraphKeeper} is made with. */
export interface GraphKeeperParts {
  readonly scope: Scope;
  readonly interruptions: Interruptions;
  readonly asked: Pick<CaptureOptions, "audioContext" | "workletUrl">;
  readonly settings: ProcessorSettings;
  onFrame(frame: AudioFrame): void;
  /** It cannot be mended: nothing more comes. */
  onFailed(error: AudioStreamError): void;
}

/** Keeps a graph delivering: one whose context stands still is built anew, a processor that failed is begun again. */
export class GraphKeeper {
  readonly #parts: GraphKeeperParts;
  /** Calls and mending run one after the other. None of them waits for a person. */
  readonly #turns: Turns;
  readonly #timeline: CaptureTimeline;
  #graph: AudioGraph;
  /** Of the graph in use. */
  #progress: ProgressWatch | undefined;
  #sound: Sound | undefined;
  #paused = false;
  #mends = 0;

  /** Creates and starts the context at once, while the person's gesture counts. @throws AudioStreamError. */
  constructor(parts: GraphKeeperParts) {
    this.#parts = parts;
    this.#turns = new Turns(parts.scope);
    this.#timeline = new CaptureTimeline(parts.settings.sampleRate);
    this.#graph = this.#newGraph();
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
  }

  /** Lets a context go on that the browser suspended; to be called inside the person's gesture. */
  wake(): void {
    if (this.#graph.context.state === "suspended") resumeQuietly(this.#graph.context);
  }

  /** Delivers this sound in place of the one before. @throws AudioStreamError; the one before goes on. */
  connect(sound: Sound): Promise<void> {
    return this.#turns.take(() => this.#connect(sound));
  }

  async #connect(sound: Sound): Promise<void> {
    if (!isNode(sound) && !this.#graph.suits(sound)) return this.#rebuild(sound);
    try {
      this.#graph.connect(sound);
      this.#sound = sound;
    } catch (error) {
      if (!this.#graph.own) throw error;
      // Firefox connects no device of another rate.
      await this.#rebuild(sound);
    }
  }

  /** The sound is gone. What was heard of it goes out. */
  disconnect(): void {
    this.#sound = undefined;
    this.#graph.disconnect();
    void this.#graph.command("flush");
  }

  flush(): Promise<void> {
    return this.#turns.take(() => this.#graph.command("flush"));
  }

  /** Emits what was heard, and then nothing until {@link resume}. */
  pause(): Promise<void> {
    return this.#turns.take(() => this.#pause());
  }

  resume(): Promise<void> {
    return this.#turns.take(() => this.#resume());
  }

  async #pause(): Promise<void> {
    if (this.#paused) return;
    await this.#graph.command("pause");
    this.#paused = true;
    const missingUntil = this.#parts.interruptions.missing ? systemClock.now() : undefined;
    if (missingUntil !== undefined) this.#graph.rebase();
    this.#timeline.pause(missingUntil);
  }

  async #resume(): Promise<void> {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#graph.hasProcessor) await this.#graph.command("resume");
    else this.#graph.begin();
  }

  /** Emits all that was heard, and nothing more. */
  stop(): Promise<void> {
    return this.#graph.command("stop");
  }

  #newGraph(): AudioGraph {
    const { scope, asked, settings } = this.#parts;
    return new AudioGraph(scope.child("graph"), {
      ...asked,
      settings,
      timeline: this.#timeline,
      onFrameArrived: () => this.#progress?.frameArrived(),
      onFrame: (frame) => this.#onFrame(frame),
      onProcessorFailed: () => this.#onProcessorFailed(),
    });
  }

  #watch(graph: AudioGraph): void {
    monitorContext(graph.scope, graph.context, graph.own, (state) => this.#onState(graph, state));
    this.#progress = new ProgressWatch(graph.scope, () => this.#progressOf(graph), {
      onClockStalled: () => this.#onStalled(graph),
      onClockMoving: () => this.#onMoving(graph),
      onFramesMissing: () => this.#onStalled(graph),
    });
  }

  #progressOf(graph: AudioGraph): Progress {
    const sound = this.#sound;
    const due = sound !== undefined && !this.#paused && graph.context.state === "running";
    const silent = sound === undefined || (!isNode(sound) && sound.muted);
    return {
      clock: due ? graph.context.currentTime : undefined,
      // Another's context cannot be built anew.
      frames: due && !silent && graph.own ? graph.frames : undefined,
    };
  }

  #onFrame(frame: AudioFrame): void {
    this.#mends = 0;
    const { interruptions, onFrame } = this.#parts;
    if (interruptions.has("processor-failed")) interruptions.set({ "processor-failed": false });
    onFrame(frame);
  }

  #onState(graph: AudioGraph, state: ContextState): void {
    const { interruptions, onFailed } = this.#parts;
    if (state === "closed") {
      if (graph.own) this.#onStalled(graph);
      else onFailed(captureFailed("The audio context was closed while the microphone used it."));
      return;
    }
    // What it holds belongs before the break.
    if (state !== "running") void graph.command("flush");
    else if (graph.frames > 0) graph.rebase();
    interruptions.set({
      "context-suspended": state === "suspended",
      "context-interrupted": state === "interrupted",
      "context-stalled": false,
    });
  }

  // WebAudio/web-audio-api#2392, #2585: after a call, contexts claim to run and do not.
  #onStalled(graph: AudioGraph): void {
    this.#parts.interruptions.set({ "context-stalled": true });
    if (
      !graph.own ||
      !this.#mayMend("The browser's audio stands still, and stood still again after it was built anew.")
    )
      return;
    void this.#turns
      .take(async () => {
        if (this.#graph === graph) await this.#rebuild(this.#sound);
      })
      .catch((error: unknown) => {
        if (!this.#parts.scope.disposed) this.#parts.onFailed(toCaptureError(error));
      });
  }

  #onMoving(graph: AudioGraph): void {
    graph.rebase();
    this.#parts.interruptions.set({ "context-stalled": false });
  }

  // GoogleChromeLabs/web-audio-samples#477: a processor that throws once is not called again.
  #onProcessorFailed(): void {
    this.#parts.interruptions.set({ "processor-failed": true });
    if (!this.#mayMend("The audio thread failed, and failed again each time it was begun anew.")) return;
    try {
      this.#graph.begin();
      if (this.#paused) void this.#graph.command("pause");
    } catch (error) {
      this.#parts.onFailed(toCaptureError(error));
    }
  }

  #mayMend(failure: string): boolean {
    this.#mends += 1;
    if (this.#mends <= MENDS) return true;
    this.#parts.onFailed(captureFailed(`${failure} Start again, or restart the browser.`));
    return false;
  }

  /** Puts a new graph, with a context of the rate that the browser chooses now, in the place of the one in use. */
  async #rebuild(sound: Sound | undefined): Promise<void> {
    const graph = this.#newGraph();
    try {
      await graph.load();
      await graph.started();
      if (sound !== undefined) graph.connect(sound);
    } catch (error) {
      void graph.scope.dispose(error);
      throw error;
    }
    const before = this.#graph;
    before.disconnect();
    // A context that stands still does not answer.
    if (before.context.state === "running" && !this.#parts.interruptions.has("context-stalled")) {
      await before.command("stop");
    }
    void before.scope.dispose();
    this.#graph = graph;
    this.#sound = sound;
    if (!this.#paused) graph.begin();
    this.#parts.interruptions.set({
      "context-suspended": false,
      "context-interrupted": false,
      "context-stalled": false,
      "processor-failed": false,
    });
    this.#watch(graph);
  }
}
