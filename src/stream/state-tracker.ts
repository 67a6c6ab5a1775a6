import { type ConnectionState, connectionStateOf, nextState, type StateFacts, type StreamState } from "../state.js";

/** Facts that are true or false from one moment on. */
type NotedFact = "started" | "everConnected" | "connected" | "hasAudio";

/** Follows the facts that make up a stream's state, one step at a time. */
export class StateTracker {
  readonly #read: () => Omit<StateFacts, NotedFact>;
  readonly #onChange: () => void;
  readonly #onConnection: () => void;
  readonly #noted = { started: false, everConnected: false, connected: false, hasAudio: false };
  #state: StreamState = "idle";
  #connectionState: ConnectionState = "idle";

  /**
   * @param read returns the other facts as they are.
   * @param onChange is called after each step, and may change facts.
   * @param onConnection is called when the state of the connection has changed, and may change facts.
   */
  constructor(read: () => Omit<StateFacts, NotedFact>, onChange: () => void, onConnection: () => void) {
    this.#read = read;
    this.#onChange = onChange;
    this.#onConnection = onConnection;
  }

  get state(): StreamState {
    return this.#state;
  }

  get connectionState(): ConnectionState {
    return this.#connectionState;
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
    const before = this.#connectionState;
    const connectionState = connectionStateOf(this.#facts);
    this.#connectionState = connectionState;
    for (let state = this.#next(); state !== this.#state; state = this.#next()) {
      this.#state = state;
      this.#onChange();
    }
    if (connectionState !== before) this.#onConnection();
  }

  get #facts(): StateFacts {
    return { ...this.#read(), ...this.#noted };
  }

  #next(): StreamState {
    return nextState(this.#state, this.#facts);
  }
}
