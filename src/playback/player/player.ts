import type { FromPlayer, LoudSpan, PlayerActivity, PlayerReport, PlayerSettings, ToPlayer } from "../port-messages.js";
import { LOUD_REPORT_SEC, LoudnessWatch } from "./loudness-watch.js";
import { VoiceRing } from "./voice-ring.js";

/** Whom a {@link Player} tells. */
export interface PlayerObserver {
  /** The running side. */
  tell(message: FromPlayer): void;
  /** The running side, of what the microphone hears. */
  tellLoud(span: LoudSpan): void;
  /** The page. */
  report(report: PlayerReport): void;
}

/** Plays what the running side gives, and says where it is. What it allocates is for reports, ten of them in a second. */
export class Player {
  readonly #ring: VoiceRing;
  readonly #reportSamples: number;
  readonly #observer: PlayerObserver;
  readonly #loudness: LoudnessWatch | undefined;
  /** The last that was told: since it became loud. */
  #loud: LoudSpan | undefined;
  #reported = 0;
  #reportedActivity: PlayerActivity = "idle";

  /** @param reportSamples how often it says where it is while it plays. */
  constructor(settings: PlayerSettings, reportSamples: number, observer: PlayerObserver) {
    this.#ring = new VoiceRing(settings);
    this.#reportSamples = reportSamples;
    this.#observer = observer;
    const { loudFrom } = settings;
    this.#loudness = loudFrom === undefined ? undefined : new LoudnessWatch(loudFrom);
  }

  /** Another running side listens from now on. */
  greet(): void {
    this.#observer.tell({ type: "hello", state: this.#ring.state });
    if (this.#loud !== undefined) this.#observer.tellLoud(this.#loud);
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

  /**
   * Fills one quantum.
   * @param outputs by channel.
   * @param from when it begins, in seconds on the context's clock.
   * @param to when it ends.
   */
  render(outputs: readonly Float32Array[], from: number, to: number): void {
    this.#ring.render(outputs);
    const loud = this.#loudness?.look(outputs, from, to);
    if (loud !== undefined) {
      const last = this.#loud;
      const goesOn = last !== undefined && loud.from - last.to < LOUD_REPORT_SEC;
      this.#loud = goesOn ? { ...loud, from: last.from } : loud;
      this.#observer.tellLoud(this.#loud);
    }
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
