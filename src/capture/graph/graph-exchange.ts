import { captureFailed } from "../media-errors.js";
import type { AudioGraph, Sound } from "./audio-graph.js";

/** What a {@link GraphExchange} is made with. */
export interface GraphExchangeParts {
  /** Creates a graph and starts its context. @throws AudioStreamError `capture-failed`. */
  make(): AudioGraph;
  /** What is captured when nobody wants something else. */
  sound(): Sound | undefined;
  /** Whether the graph's audio thread can still deliver what it holds. */
  answers(graph: AudioGraph): boolean;
  /** The graph takes the place of the one before, and hears the sound as soon as that one has delivered what it held. */
  onReplaced(graph: AudioGraph, sound: Sound | undefined): void;
}

/** Why a graph is replaced. */
export interface Replacement {
  /** The sound that a caller wants and that the graph in use does not suit. */
  readonly wanted?: Sound | undefined;
  /** Whether the graph in use is kept if the new one's context does not run either. */
  readonly mustRun?: boolean | undefined;
}

/** Holds the graph in use, and builds another beside it to take its place. Nobody has to wait for that. */
export class GraphExchange {
  readonly #parts: GraphExchangeParts;
  #graph: AudioGraph;
  #building: { readonly graph: AudioGraph; readonly wanted: Sound | undefined } | undefined;
  /** Settles once graphs that were replaced have delivered what they held. */
  #retiring: Promise<unknown> = Promise.resolve();

  /** @throws AudioStreamError `capture-failed`. */
  constructor(parts: GraphExchangeParts) {
    this.#parts = parts;
    this.#graph = parts.make();
  }

  /** The graph in use. */
  get graph(): AudioGraph {
    return this.#graph;
  }

  /** Whether another is being built. */
  get building(): boolean {
    return this.#building !== undefined;
  }

  /** A caller wants another sound than the one that a graph is being built for, if it is being built for any. */
  overtake(): void {
    if (this.#building?.wanted !== undefined) this.#cancel("Another sound is captured by now.");
  }

  /**
   * Puts a new graph, with a context of the rate that the browser chooses now, in the place of the one in use. A second
   * call overtakes the first.
   * @throws AudioStreamError, or an `AbortError` when it is overtaken; the graph in use goes on.
   */
  async replace({ wanted, mustRun = false }: Replacement = {}): Promise<void> {
    this.#cancel("Another graph is being built by now.");
    const graph = this.#parts.make();
    const building = { graph, wanted };
    this.#building = building;
    try {
      await graph.load();
      await graph.started();
      graph.scope.signal.throwIfAborted();
      if (mustRun && graph.context.state !== "running") {
        throw captureFailed("The new audio context does not run either.");
      }
      graph.prepare(wanted ?? this.#parts.sound());
    } catch (error) {
      void graph.scope.dispose(error);
      throw error;
    } finally {
      if (this.#building === building) this.#building = undefined;
    }
    await this.#adopt(graph, wanted ?? this.#parts.sound());
  }

  /** Sees whether a new context runs while the system holds the one in use; one that does not run either is given up again. */
  tryAnother(): void {
    if (this.#building === undefined) this.replace({ mustRun: true }).catch(() => {});
  }

  /** Resolves once graphs that were replaced have delivered what they held. */
  async retired(): Promise<void> {
    await this.#retiring;
  }

  #cancel(reason: string): void {
    void this.#building?.graph.scope.dispose(new DOMException(reason, "AbortError"));
  }

  /** From here on nothing can fail any more. */
  async #adopt(graph: AudioGraph, sound: Sound | undefined): Promise<void> {
    const before = this.#graph;
    this.#graph = graph;
    this.#retiring = Promise.all([this.#retiring, this.#retire(before)]);
    this.#parts.onReplaced(graph, sound);
    await this.#retiring;
    graph.scope.signal.throwIfAborted();
    graph.open();
  }

  async #retire(graph: AudioGraph): Promise<void> {
    graph.disconnect();
    if (this.#parts.answers(graph)) await graph.command("stop");
    void graph.scope.dispose();
  }
}
