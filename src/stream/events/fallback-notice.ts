import type { StreamState } from "../../state.js";
import { WarningEvent } from "./events.js";

/** Audio flows, or could. */
const FLOWING: readonly StreamState[] = ["streaming", "paused"];
/** Audio is going to flow. */
const COMING: readonly StreamState[] = ["starting", "interrupted", "reconnecting"];

/**
 * Keeps the word that another device is used than the chosen one until audio flows from it. A page that takes down its
 * warnings when audio flows, as most do, would take this one down before anybody has read it.
 */
export class FallbackNotice {
  readonly #tell: (event: Event) => void;
  #held: Event | undefined;

  constructor(tell: (event: Event) => void) {
    this.#tell = tell;
  }

  /** @returns whether the event is kept for later. */
  hold(event: Event, state: StreamState): boolean {
    if (!(event instanceof WarningEvent) || event.error.code !== "device-fallback") return false;
    if (!COMING.includes(state)) return false;
    this.#held = event;
    return true;
  }

  /** The stream is in this state from now on. */
  enter(state: StreamState): void {
    const held = this.#held;
    if (held === undefined || !FLOWING.includes(state)) return;
    this.#held = undefined;
    this.#tell(held);
  }
}
