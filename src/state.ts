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

/** How the stream ended. */
export type CloseInfo =
  | { readonly outcome: "closed" }
  | { readonly outcome: "aborted"; readonly reason: unknown }
  | { readonly outcome: "failed"; readonly error: import("./errors.js").AnyAudioStreamError };

/** Which state may follow which. */
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
  readonly paused: boolean;
}

/** The one word for the facts: what stands in the way first is what it says. */
export function stateOf(facts: StateFacts): StreamState {
  if (facts.ended) return "closed";
  if (facts.closing) return "closing";
  if (!facts.started) return facts.open ? "warm" : "idle";
  if (!facts.everConnected || !(facts.hasAudio || facts.paused)) return "starting";
  if (!facts.connected) return "reconnecting";
  if (facts.interrupted) return "interrupted";
  return facts.paused ? "paused" : "streaming";
}
