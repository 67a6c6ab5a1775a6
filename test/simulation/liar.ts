import type { Range } from "./ranges.js";
import { type Glimpse, glimpse } from "./referee.js";
import type { Rng } from "./rng.js";
import type { Payload } from "./wire.js";

/** What a liar knows of the client it lies to. */
export interface Victim {
  /** Position up to which the client has captured. */
  readonly capturedTo: number;
  /** Position up to which it has ever sent. */
  readonly sentTo: number;
  /** How much it holds that no server has acknowledged, in samples. */
  readonly heldSamples: number;
  /** What it cannot send, because it was never captured or is lost. */
  readonly holes: readonly Range[];
}

/** One message of the server, and where in the conversation it comes. */
export interface Moment {
  readonly message: Glimpse;
  readonly json: string;
  /** The message is one of those that a resume replays. */
  readonly replayed: boolean;
  readonly victim: Victim;
  readonly rng: Rng;
}

export interface Lie {
  /** What is sent instead of the message, or `undefined` if the moment for this lie has not come. */
  readonly say: (moment: Moment) => readonly string[] | undefined;
  /** What is said comes after the next message. */
  readonly late?: boolean;
}

const MAX_PLANNED = 4;
const OPENING = /^\{"v":1,"t":"(client\.hello|session\.resume)"/;

/**
 * Stands between an honest server and the network. The server and its referee know nothing of it, so what the client
 * makes of a lie is held against what the server really took in.
 */
export class Liar {
  readonly #rng: Rng;
  readonly #victim: () => Victim;
  #lies: Lie[] = [];
  #skipsAhead = false;
  #replaying = false;
  /** Comes after the next message, or before the end of the replay. */
  #held: readonly string[] = [];
  /** Texts of messages that were kept from the client when they were due. */
  readonly swallowed = new Set<string>();

  constructor(rng: Rng, victim: () => Victim) {
    this.#rng = rng;
    this.#victim = victim;
  }

  /** Lies once, at the first moment that fits. */
  plan(lie: Lie): boolean {
    if (this.#lies.length >= MAX_PLANNED) return false;
    this.#lies.push(lie);
    return true;
  }

  /** The next session that the server has to make begins beyond the oldest audio that the client holds. */
  planToSkipAhead(): void {
    this.#skipsAhead = true;
  }

  /** From now on the server is what it seems to be. */
  repent(): void {
    this.#lies = [];
    this.#skipsAhead = false;
  }

  /**
   * What the server is made to hear.
   * @param anew whether it knows nothing of the session.
   */
  hears(data: Payload, anew: boolean): Payload {
    if (!this.#skipsAhead || !anew || typeof data !== "string" || !OPENING.test(data)) return data;
    const message = JSON.parse(data) as { data: { audio: { first: number; next: number } } };
    const { audio } = message.data;
    if (audio.next === audio.first) return data;
    this.#skipsAhead = false;
    audio.first = this.#rng.chance(0.2) ? audio.next : this.#rng.whole(audio.first + 1, audio.next);
    return JSON.stringify(message);
  }

  /** What the client is made to hear. */
  says(json: string): readonly string[] {
    const message = glimpse(json);
    if (message.t === "session.snapshot") this.#replaying = true;
    else if (message.seq === undefined) this.#replaying = false;
    const held = this.#held;
    this.#held = [];
    if (held.length > 0) return this.#replaying ? [json, ...held] : [...held, json];
    const replayed = this.#replaying && message.seq !== undefined;
    const moment = { message, json, replayed, victim: this.#victim(), rng: this.#rng };
    for (const [index, { say, late }] of this.#lies.entries()) {
      const said = say(moment);
      if (said === undefined) continue;
      this.#lies.splice(index, 1);
      if (said.length === 0) this.swallowed.add((JSON.parse(json) as { data: { text: string } }).data.text);
      if (!late) return said;
      this.#held = said;
      return [];
    }
    return [json];
  }
}
