import type { AudioFormat } from "../../capture/source.js";
import type { Clock } from "../../internal/clock.js";
import type { Registration, Scope } from "../../internal/scope.js";
import type { WireAudioFrame } from "../../protocol/audio-frame.js";
import type { DialectTerms } from "../dialect.js";
import { PaceCredit } from "./pace-credit.js";
import { type AudioBatch, WaitingAudio } from "./waiting-audio.js";

export interface AudioFeedOptions {
  readonly terms: DialectTerms;
  readonly format: AudioFormat;
  readonly clock: Clock;
  readonly scope: Scope;
  /** Bytes that the network has not taken yet. */
  bufferedBytes(): number;
  send(batch: AudioBatch): void;
  /** Nothing was sent for as long as the service allows. */
  keepAlive(): void;
  /** Everything was sent, and no more will come. Called once. */
  onEmpty(): void;
}

/** A backlog as short as this, in milliseconds, is jitter. */
const LATE_MS = 500;
/** Audio that is too little for a message is sent all the same if no more has come for so long, in milliseconds. */
const STRAY_MS = 300;
/** Audio that is worth a message if the service has no smallest one, in milliseconds. */
const SMALLEST_MS = 20;
/** Unsent bytes in the socket, beyond which audio waits here. */
const MAX_BUFFERED_BYTES = 262_144;
/** When a full socket is looked at again, in milliseconds. */
const BUFFER_CHECK_MS = 50;
/** Silence in which no word is cut in two, in milliseconds. */
const PAUSE_MS = 300;
/** A service this slow gets silence only if it has to, since its pace would never let it catch up. */
const SLOW_PACE = 1.5;

/** Gives one session of a service its audio, in messages as long and as fast as it takes them, and keeps it alive in between. */
export class AudioFeed {
  readonly #options: AudioFeedOptions;
  readonly #waiting: WaitingAudio;
  /** `undefined` before it begins and after its end. */
  #credit: PaceCredit | undefined;
  #timer: Registration | undefined;
  #wantsToFinish = false;
  #sentAt = 0;
  #pushedAt = 0;

  constructor(options: AudioFeedOptions) {
    this.#options = options;
    this.#waiting = new WaitingAudio(options.format);
  }

  /** Audio that waits because the service takes it no faster, in milliseconds. */
  get lagMs(): number {
    return (this.#waiting.samples * 1_000) / this.#options.format.sampleRate;
  }

  /** Whether nobody has spoken for a moment in what was sent. */
  get isQuiet(): boolean {
    return this.#waiting.quietSamples >= this.#samplesIn(PAUSE_MS);
  }

  /** The service takes audio from now on. */
  begin(): void {
    const { terms, format, clock } = this.#options;
    this.#sentAt = clock.now();
    this.#credit = new PaceCredit(format.sampleRate, terms.pace, this.#samplesIn(terms.messageMs.max), this.#sentAt);
    this.#pump();
  }

  push(frame: WireAudioFrame): void {
    this.#pushedAt = this.#options.clock.now();
    this.#waiting.push(frame);
    this.#pump();
  }

  /** No more audio will come. */
  finish(): void {
    this.#wantsToFinish = true;
    this.#pump();
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting.clear();
  }

  /** Sends nothing any more. */
  stop(): void {
    this.#credit = undefined;
    this.#timer?.dispose();
  }

  /** Sends what may be sent now, and looks again when more may. */
  #pump(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    if (this.#credit === undefined) return;
    const waitMs = this.#sendWaiting(this.#credit);
    // What sends may have failed.
    if (this.#credit === undefined) return;
    if (waitMs !== undefined) this.#lookAgain(waitMs);
    else if (this.#wantsToFinish) this.#end();
    else if (this.#waiting.samples > 0) this.#lookAgain(STRAY_MS);
    else this.#keepAlive();
  }

  /** Returns how long the rest has to wait, in milliseconds; `undefined` if there is none, or too little for a message. */
  #sendWaiting(credit: PaceCredit): number | undefined {
    const { terms, clock } = this.#options;
    const now = clock.now();
    const [min, max] = [this.#samplesIn(terms.messageMs.min), this.#samplesIn(terms.messageMs.max)];
    // Not filled up before the end: if frames are only late, there would be silence in the middle of a word.
    const isStrict = terms.refusesShortMessages === true;
    const isStray = this.#wantsToFinish || (!isStrict && now - this.#pushedAt >= STRAY_MS);
    while (this.#credit !== undefined) {
      if (terms.pace < SLOW_PACE && this.lagMs > LATE_MS) this.#waiting.skipSilence();
      const { samples } = this.#waiting;
      if (samples === 0 || (samples < min && !isStray)) return undefined;
      if (this.#options.bufferedBytes() > MAX_BUFFERED_BYTES) return BUFFER_CHECK_MS;
      const needed = Math.max(isStrict ? min : 0, Math.min(samples, Math.max(min, this.#samplesIn(SMALLEST_MS))));
      const affordable = credit.affordable(now);
      if (affordable < needed) return credit.waitFor(needed);
      const batch = this.#waiting.take(isStrict ? min : 0, Math.max(needed, Math.min(max, samples, affordable)));
      credit.spend(batch.samples);
      this.#sentAt = now;
      this.#options.send(batch);
    }
    return undefined;
  }

  #end(): void {
    this.stop();
    this.#options.onEmpty();
  }

  #keepAlive(): void {
    const { keepaliveMs } = this.#options.terms;
    if (keepaliveMs === undefined) return;
    const now = this.#options.clock.now();
    if (this.#sentAt + keepaliveMs <= now) {
      this.#sentAt = now;
      this.#options.keepAlive();
    }
    if (this.#credit !== undefined) this.#lookAgain(this.#sentAt + keepaliveMs - now);
  }

  #lookAgain(delayMs: number): void {
    this.#timer = this.#options.scope.timeout(Math.max(1, Math.ceil(delayMs)), () => this.#pump(), "next audio");
  }

  #samplesIn(durationMs: number): number {
    return Math.round((durationMs * this.#options.format.sampleRate) / 1_000);
  }
}
