import { nextState, type StateFacts, type StreamState } from "../state.js";

/** Facts that are true or false from one moment on. */
type NotedFact = "started" | "everConnected" | "connected" | "hasAudio";

/** Follows the facts that make up a stream's state, one step at a time. */
export class StateTracker {
  readonly #read: () => Omit<StateFacts, NotedFact>;
  readonly #onChange: () => void;
  readonly #noted = { started: false, everConnected: false, connected: false, hasAudio: false };
  #state: StreamState = "idle";

  /**
   * @param read returns the other facts as they are.
   * @param onChange is called after each step, and may change facts.
   */
  constructor(read: () => Omit<StateFacts, NotedFact>, onChange: () => void) {
    this.#read = read;
    this.#onChange = onChange;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Whether a frame has come. */
  get hasAudio(): boolean {
    return this.#noted.hasAudio;
  }

  note(facts: Partial<Pick<StateFacts, NotedFact>>): void {
    Object.assign(this.#noted, facts);
    this.refresh();
  }

  /** To be called when other facts have changed. */
  refresh(): void {
    for (let state = this.#next(); state !== this.#state; state = this.#next()) {
      this.#state = state;
      this.#onChange();
    }
  }

  #next(): StreamState {
    return nextState(this.#state, { ...this.#read(), ...this.#noted });
  }
}
