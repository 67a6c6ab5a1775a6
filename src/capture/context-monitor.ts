import type { Scope } from "../internal/scope.js";

/** `interrupted` is WebKit's: the system took the audio, for a call or another program. */
export type ContextState = AudioContextState | "interrupted";

/** Gestures after which browsers let a context start. */
const GESTURES = ["pointerup", "keydown", "touchend"];

/**
 * Watches a context's state until the scope ends. One that does not run is reported at once.
 * @param own whether to start it again when the browser suspends it: at once, and at the person's next gesture. A
 * context in the state `interrupted` (iOS, during a call) is left alone: the system resumes it, or suspends it first.
 */
export function monitorContext(
  scope: Scope,
  context: AudioContext,
  own: boolean,
  onState: (state: ContextState) => void,
): void {
  const resume = () => {
    if (own && context.state === "suspended") resumeQuietly(context);
  };
  scope.listen(context, "statechange", () => {
    onState(context.state);
    resume();
  });
  if (typeof document !== "undefined") {
    for (const gesture of GESTURES) scope.listen(document, gesture, resume, { capture: true, passive: true });
  }
  if (context.state !== "running") onState(context.state);
}

/** Whether it worked shows in the context's state: without a gesture, browsers leave the promise pending for ever. */
export function resumeQuietly(context: AudioContext): void {
  context.resume().catch(() => {});
}
