/** What the stream is doing, as one word. */
export type StreamState =
  | "idle"
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
  idle: ["starting", "closed"],
  starting: ["streaming", "paused", "interrupted", "reconnecting", "closing", "closed"],
  streaming: ["paused", "interrupted", "reconnecting", "closing", "closed"],
  paused: ["streaming", "interrupted", "reconnecting", "closing", "closed"],
  interrupted: ["streaming", "paused", "reconnecting", "closing", "closed"],
  reconnecting: ["streaming", "paused", "interrupted", "closing", "closed"],
  closing: ["closed"],
  closed: [],
};
