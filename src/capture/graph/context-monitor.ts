import { systemClock } from "../../internal/clock.js";
import { onPage } from "../../internal/on-page.js";
import type { Scope } from "../../internal/scope.js";

/** `interrupted` is WebKit's: the system took the audio, for a call or another program. */
export type ContextState = AudioContextState | "interrupted";

/** Gestures after which browsers let a context start. */
const GESTURES = ["pointerdown", "pointerup", "keydown", "touchend", "click"];
/** An interruption that lasts longer than this is not the one that the person is just dismissing. */
const BRIEF_MS = 5_000;

export interface ContextObserver {
  onState(state: ContextState): void;
  /** A context of the capture's own is still interrupted although the person is back on the page and touches it. */
  onStillInterrupted(): void;
  /** The person touches the page while a context of the capture's own is suspended; it has been asked to go on. */
  onWoken(): void;
}

/**
 * Watches a context's state until the scope ends. One that does not run is reported at once.
 * @param own whether to start it again when the browser suspends it: at once, when the page comes back, and at the
 * person's next gesture. A context in the state `interrupted` (iOS, during a call) is never resumed, because that leaves
 * it broken: the system resumes it, or suspends it first.
 */
export function monitorContext(scope: Scope, context: AudioContext, own: boolean, observer: ContextObserver): void {
  /** Since when it is interrupted, as far as the person's absence goes. */
  let interruptedAt = systemClock.now();
  const resume = (): boolean => {
    if (!own || context.state !== "suspended") return false;
    resumeQuietly(context);
    return true;
  };
  const touched = (): void => {
    if (resume()) observer.onWoken();
    else if (own && isInterrupted(context) && systemClock.now() - interruptedAt >= BRIEF_MS)
      observer.onStillInterrupted();
  };
  scope.listen(context, "statechange", () => {
    if (isInterrupted(context)) interruptedAt = systemClock.now();
    observer.onState(context.state);
    resume();
  });
  onPage(scope, (page) => {
    for (const gesture of GESTURES) page.listen(document, gesture, touched, { capture: true, passive: true });
    page.listen(document, "visibilitychange", () => {
      if (document.visibilityState !== "visible") return;
      interruptedAt = Number.NEGATIVE_INFINITY;
      resume();
    });
  });
  if (context.state !== "running") observer.onState(context.state);
}

function isInterrupted({ state }: AudioContext): boolean {
  return (state as ContextState) === "interrupted";
}

/** Whether it worked shows in the context's state: without a gesture, browsers leave the promise pending for ever. */
export function resumeQuietly(context: AudioContext): void {
  context.resume().catch(() => {});
}
