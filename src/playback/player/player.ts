import type { FromPlayer, PlayerActivity, PlayerReport, PlayerSettings, ToPlayer } from "../port-messages.js";
import { VoiceRing } from "./voice-ring.js";

/** Whom a {@link Player} tells. */
export interface PlayerObserver {
  /** The running side. */
  tell(message: FromPlayer): void;
  /** The page. */
  report(report: PlayerReport): void;
}

/** Plays what the running side gives, and says where it is. What it allocates is for reports, ten of them in a second. */
export class Player {
  readonly #ring: VoiceRing;
  readonly #reportSamples: number;
  readonly #observer: PlayerObserver;
  #reported = 0;
  #reportedActivity: PlayerActivity = "idle";

  /** @param reportSamples how often it says where it is while it plays. */
  constructor(settings: PlayerSettings, reportSamples: number, observer: PlayerObserver) {
    this.#ring = new VoiceRing(settings);
    this.#reportSamples = reportSamples;
    this.#observer = observer;
  }

  /** Another running side listens from now on. */
  greet(): void {
    this.#observer.tell({ type: "hello", state: this.#ring.state });
  }

  take(message: ToPlayer): void {
    if (message.type === "samples") this.#ring.take(new Int16Array(message.samples));
    else if (message.type === "start") this.#ring.start(message.position, message.interrupts);
    else this.#ring.end();
  }

  interrupt(): void {
    const receivedTo = this.#ring.state.next;
    const heard = this.#ring.interrupt();
    this.#observer.tell({ type: "interrupt", heard, interrupts: this.#ring.state.interrupts });
    this.#observer.report({ type: "interrupted", heard, receivedTo });
    this.#report();
  }

  /** Fills one quantum. @param outputs by channel. */
  render(outputs: readonly Float32Array[]): void {
    this.#ring.render(outputs);
    const isDue = this.#ring.heard - this.#reported >= this.#reportSamples;
    if (isDue || this.#ring.activity !== this.#reportedActivity) this.#report();
  }

  #report(): void {
    const { heard, buffered, activity, underruns } = this.#ring;
    this.#reported = heard;
    this.#reportedActivity = activity;
    this.#observer.tell({ type: "heard", heard });
    this.#observer.report({ type: "position", heard, bufferedSamples: buffered, activity, underruns });
  }
}
