/** What the stream is doing, as one word. */
export type StreamState =
  | "idle"
  | "warm"
  | "starting"
  | "streaming"
  | "paused"
  | "interrupted"
  | "reconnecting"
  | "closing"
  | "closed";

/**
 * Whether there is a connection to the server, whatever the microphone does: `idle` until the microphone is open, `connecting`
 * until the server has answered for the first time, and `reconnecting` if it is lost after that.
 */
export type ConnectionState = "idle" | "connecting" | "connected" | "reconnecting" | "closed";

/** How the stream ended. */
export type CloseInfo =
  | {
      /** `close()` has ended it in order. */
      readonly outcome: "closed";
    }
  | {
      /** `abort()`, or the `signal` among its options, has ended it. */
      readonly outcome: "aborted";
      /** What was given to `abort()`, or is the signal's reason. */
      readonly reason: unknown;
    }
  | {
      /** An error has ended it. */
      readonly outcome: "failed";
      /** That error, with a sentence for people in `message`. */
      readonly error: import("./errors.js").AnyAudioStreamError;
    };

/** Which state may follow which. {@link nextState} knows no other way. */
export const TRANSITIONS: Readonly<Record<StreamState, readonly StreamState[]>> = {
  idle: ["warm", "starting", "closing", "closed"],
  warm: ["starting", "closing", "closed"],
  starting: ["streaming", "paused", "interrupted", "reconnecting", "closing", "closed"],
  streaming: ["paused", "interrupted", "reconnecting", "closing", "closed"],
  paused: ["streaming", "interrupted", "reconnecting", "closing", "closed"],
  interrupted: ["streaming", "paused", "reconnecting", "closing", "closed"],
  reconnecting: ["streaming", "paused", "interrupted", "closing", "closed"],
  closing: ["closed"],
  closed: [],
};

/** What decides the state of a stream. */
export interface StateFacts {
  readonly ended: boolean;
  readonly closing: boolean;
  /** The source is open. */
  readonly open: boolean;
  readonly started: boolean;
  readonly everConnected: boolean;
  readonly connected: boolean;
  readonly hasAudio: boolean;
  readonly interrupted: boolean;
  /** The source has confirmed that it captures nothing. */
  readonly paused: boolean;
}

/**
 * The state that follows, one step at a time and only along {@link TRANSITIONS}, whatever the facts are. Once a stream has
 * started it never says `starting` again. What stands in the way first is what it says.
 */
export function nextState(state: StreamState, facts: StateFacts): StreamState {
  if (state === "closed" || facts.ended) return "closed";
  if (state === "closing" || facts.closing) return "closing";
  if (state === "idle" || state === "warm") {
    if (facts.started) return "starting";
    return facts.open ? "warm" : state;
  }
  if (state === "starting" && !(facts.everConnected && (facts.hasAudio || facts.paused))) return state;
  if (!facts.connected) return "reconnecting";
  if (facts.interrupted) return "interrupted";
  return facts.paused ? "paused" : "streaming";
}

/** The state of the connection, which the same facts decide. */
export function connectionStateOf(facts: StateFacts): ConnectionState {
  if (facts.ended) return "closed";
  if (facts.connected) return "connected";
  if (facts.everConnected) return "reconnecting";
  return facts.started && facts.open ? "connecting" : "idle";
}
