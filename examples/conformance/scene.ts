import type { ClientData } from "loquilex/protocol";
import { Scope, systemClock } from "loquilex/resources";
import { Witness, type WitnessOptions } from "./client/witness.js";
import { BrokenRuleError, NotSeenError } from "./verdict.js";

/** How long what is due at once may take on a slow link. */
const SOON_MS = 5_000;
/** An answer to a ping that takes longer shows that the server or this machine has too much to do. */
const LATE_MS = 250;
/** How often a wait begins anew because of that. */
const MAX_EXTENSIONS = 5;
/** How often something is tried again, in milliseconds. */
const AGAIN_MS = 200;
/** Samples of one frame: 20 ms. */
export const FRAME = 320;
export const RATE = 16_000;
/** Sound after which a server that says something about sound has said something. */
const SPEECH_SAMPLES = 12 * RATE;
/** Sound that is sent at once before the server is listened to again. */
const BREATH_SAMPLES = RATE / 2;

export interface SceneOptions {
  readonly url: string;
  readonly token?: string | undefined;
  /** The longest time that one check may wait for something to happen by itself, in milliseconds. */
  readonly patienceMs: number;
  /** Every connection that is made, for whoever looks at all of them. */
  readonly witnesses: Witness[];
}

/** What one check has: connections to the server, and words for what it expects of it. */
export class Scene {
  readonly #options: SceneOptions;
  readonly #scope = new Scope({ name: "check" });
  readonly #own: Witness[] = [];

  constructor(options: SceneOptions) {
    this.#options = options;
  }

  get url(): string {
    return this.#options.url;
  }

  get token(): string | undefined {
    return this.#options.token;
  }

  /** Says that the rule is broken if something is not as it has to be. */
  expect(condition: boolean, otherwise: string): void {
    if (!condition) throw new BrokenRuleError(otherwise);
  }

  /** Says that nothing can be seen of the rule here if something is not so. */
  need(condition: boolean, otherwise: string): void {
    if (!condition) throw new NotSeenError(otherwise);
  }

  async connect(options: Partial<WitnessOptions> = {}): Promise<Witness> {
    const { url, token, witnesses } = this.#options;
    let witness: Witness;
    try {
      witness = await Witness.connect({ url, token, ...options });
    } catch (error) {
      throw new BrokenRuleError((error as Error).message);
    }
    this.#own.push(witness);
    witnesses.push(witness);
    return witness;
  }

  /** A session that has just begun, with audio granted. */
  async begin(more: Partial<ClientData["client.hello"]> = {}, options: Partial<WitnessOptions> = {}): Promise<Witness> {
    const witness = await this.connect(options);
    witness.hello(more);
    await this.answered(witness);
    this.need(witness.welcome?.audio !== undefined, "The server takes no 16-bit audio at 16,000 Hz.");
    return witness;
  }

  /** The next connection of a client, on which it resumes. */
  async resume(previous: Witness, more: Partial<ClientData["session.resume"]> = {}): Promise<Witness> {
    const witness = await this.connect(previous.successor);
    witness.resume(more);
    await this.answered(witness);
    return witness;
  }

  /** The next connection of a client whose session is expected to be still there. */
  async resumed(previous: Witness, more: Partial<ClientData["session.resume"]> = {}): Promise<Witness> {
    const witness = await this.resume(previous, more);
    this.expect(
      witness.answer?.t === "session.ack",
      `A session that should be there was not resumed: the server answered with ${witness.answer?.t}.`,
    );
    return witness;
  }

  /** Says that nothing can be seen if the server keeps no session for a client that is gone. @returns its window. */
  resumeWindowMs(witness: Witness): number {
    const seconds = witness.welcome?.resume_window.seconds ?? 0;
    const isKept = seconds > 0 && witness.welcome?.resume_window.token !== undefined;
    this.need(isKept, "The server keeps no session whose connection is gone: it grants no time or no secret.");
    return seconds * 1_000;
  }

  /** Waits for the answer to an opening. */
  answered(witness: Witness): Promise<void> {
    return this.until(witness, "the answer to the opening", () =>
      witness.welcome !== undefined && witness.welcome.audio === undefined ? true : witness.answer !== undefined,
    );
  }

  /** Waits for what the server has to do soon. @param isForgiving whether it gets more time if it, or this machine, is late. */
  async until(
    witness: Witness,
    what: string,
    condition: () => boolean,
    limitMs = SOON_MS,
    isForgiving = true,
  ): Promise<void> {
    const isOver = (): boolean => condition() || witness.closed !== undefined;
    await this.#patiently(witness, isOver, isForgiving, () => this.#listen(witness, isOver, limitMs));
    if (condition()) return;
    const { closed } = witness;
    const complaint = witness.messages("server.error").at(-1)?.data;
    const why = complaint === undefined ? "" : `, with the error ${complaint.code} (${complaint.detail ?? ""})`;
    this.expect(
      closed === undefined,
      `The connection was closed with ${closed?.code} (${closed?.reason}) before ${what} came${why}.`,
    );
    throw new BrokenRuleError(`There was no ${what.replace(/^the /, "")} within ${limitMs} ms.`);
  }

  acknowledged(witness: Witness, position: number): Promise<void> {
    return this.until(witness, `an acknowledgement of ${position} samples`, () => witness.acknowledged >= position);
  }

  /** Waits until the server closes the connection, and says with which code it should have. */
  async closes(witness: Witness, codes: number | readonly number[], after: string, limitMs = SOON_MS): Promise<void> {
    const expected = [codes].flat();
    const isClosed = (): boolean => witness.closed !== undefined;
    await this.#patiently(witness, isClosed, true, () => this.#within(limitMs, witness.untilClosed()));
    const { closed } = witness;
    this.expect(closed !== undefined, `After ${after} the connection was not closed within ${limitMs} ms.`);
    const { code = 0, reason } = closed ?? {};
    this.expect(
      expected.includes(code),
      `After ${after} the connection was closed with ${code} (${reason}) and not with ${expected.join(" or ")}.`,
    );
  }

  /** A connection on which something is done that the server answers by closing it. */
  async refuses(after: string, code: number, misbehave: (witness: Witness) => void, begins = true): Promise<Witness> {
    const witness = begins ? await this.begin() : await this.connect();
    misbehave(witness);
    await this.closes(witness, code, after);
    return witness;
  }

  /** Does something again until it comes out right, for as long as it may take that the server notices something. */
  async eventually<T>(attempt: () => Promise<T>, isRight: (result: T) => boolean, limitMs = 2 * SOON_MS): Promise<T> {
    const until = systemClock.now() + limitMs;
    for (;;) {
      const result = await attempt();
      if (isRight(result) || systemClock.now() >= until) return result;
      await this.pause(AGAIN_MS);
    }
  }

  /** Says that nothing can be seen if something takes longer than the patience there is. */
  afford(durationMs: number): void {
    const seconds = Math.ceil(durationMs / 1_000);
    this.need(durationMs <= this.#options.patienceMs, `It would take ${seconds} s; --patience ${seconds} allows that.`);
  }

  /** Lets time pass, if there is as much patience. */
  async wait(durationMs: number): Promise<void> {
    this.afford(durationMs);
    await this.pause(durationMs);
  }

  /** Lets a moment pass in which something that is wrong would come. */
  pause(durationMs = 300): Promise<void> {
    return this.#within(durationMs, new Promise<void>(() => {}));
  }

  /** Sends sound from where the client stands until the server has said so many numbered messages in all. */
  async speak(witness: Witness, messages: number): Promise<void> {
    const window = witness.welcome?.audio?.window ?? FRAME;
    const from = Math.max(witness.position, witness.sentTo);
    const limit = from + SPEECH_SAMPLES;
    const hasRoom = (end: number): boolean => end - witness.acknowledged <= window;
    const isEnough = (): boolean => witness.numbers.length >= messages;
    for (let at = from; at < limit && !isEnough(); ) {
      const end = Math.min(at + BREATH_SAMPLES, limit);
      for (; at < end; at += FRAME) {
        if (!hasRoom(at + FRAME)) await this.until(witness, "room in the window", () => hasRoom(at + FRAME));
        witness.sendFrame(at, FRAME);
      }
      await this.pause(20);
    }
    const isOver = (): boolean => isEnough() || witness.closed !== undefined;
    await this.#patiently(witness, isOver, true, () => this.#within(SOON_MS / 5, witness.untilHeard(isOver)));
    this.need(
      isEnough(),
      `The server said ${witness.numbers.length} numbered messages about ${SPEECH_SAMPLES / RATE} s of sound, and ${messages} are needed.`,
    );
  }

  /** Ends everything that the check has begun. */
  async dispose(): Promise<void> {
    for (const witness of this.#own) if (witness.closed === undefined) witness.goodbye();
    const ended = this.#own.map((witness) => witness.untilClosed());
    await this.#within(500, Promise.all(ended));
    for (const witness of this.#own) witness.vanish();
    await this.#scope.dispose();
  }

  /** Waits once, and again for as long as the server or this machine is late. */
  async #patiently(
    witness: Witness,
    isOver: () => boolean,
    isForgiving: boolean,
    wait: () => Promise<void>,
  ): Promise<void> {
    for (let round = 0; round <= MAX_EXTENSIONS; round += 1) {
      await wait();
      // The answer also comes after everything that was on its way.
      if (isOver() || !isForgiving || !(await this.#isLate(witness))) return;
    }
  }

  async #isLate(witness: Witness): Promise<boolean> {
    const from = systemClock.now();
    await this.#within(SOON_MS, Promise.race([witness.socket.ping(), witness.untilClosed()]));
    return systemClock.now() - from > LATE_MS;
  }

  async #listen(witness: Witness, isOver: () => boolean, limitMs: number): Promise<void> {
    const heard = witness.untilHeard(isOver);
    for (let left = limitMs; left > 0 && !isOver(); ) {
      const step = Math.min(left, (witness.welcome?.hb.timeout_ms ?? limitMs) / 3);
      await this.#within(step, heard);
      left -= step;
      // A client that waits long is still there.
      if (left > 0 && !isOver() && witness.answer !== undefined) witness.send("client.hb", {});
    }
  }

  /** Waits for a promise, but no longer than the time. */
  async #within(limitMs: number, promise: Promise<unknown>): Promise<void> {
    const over = new Promise<void>((resolve) => {
      const timer = this.#scope.timeout(limitMs, resolve, "deadline");
      void promise.then(
        () => timer.dispose(),
        () => timer.dispose(),
      );
    });
    await Promise.race([promise, over]);
  }
}
