import type { WireAudioFrame } from "loquilex/protocol";
import type { Clock } from "loquilex/resources";
import type { StoredMessage } from "../../protocol/claim.js";
import { AudioBacklog } from "../../recording/audio-backlog.js";
import type { SharedTurn } from "../../recording/disk/shared-turn.js";
import type { Hold, HoldOptions } from "../store.js";
import { cutIntoPieces, fitOneWrite, type Piece, type PieceWithBytes, toPiece } from "./audio-piece.js";
import { endOfFinal, segmentOf, type Unnumbered } from "./captions.js";
import type { SessionHead } from "./read-session.js";
import { keysOf } from "./redis-keys.js";
import { RedisError, type RedisLink } from "./redis-link.js";
import { FORGET, WRITE } from "./redis-scripts.js";

export interface RedisHoldOptions extends HoldOptions {
  readonly link: RedisLink;
  /** The name of this node. */
  readonly node: string;
  /** How long Redis keeps the session after the last write. */
  readonly ttlMs: number;
  /** When all sessions write the audio that has gathered. */
  readonly turn: SharedTurn;
  readonly clock: Clock;
  /** Messages that Redis keeps of the session. */
  readonly maxMessages: number;
  onEnd(): void;
}

/** Audio that may wait for Redis. The client's window is far below it; this is the bound in case it is not held. */
const MAX_WAITING_SEC = 60;
/** The last audio without a final caption that is kept for the recogniser of another node. */
const RETAINED_SEC = 30;

/**
 * Puts one session into Redis. One write is under way at a time, and has all that has gathered since the one before. One that
 * fails is repeated as it was, with what has come since behind it; Redis passes over what it has already.
 */
export class RedisHold implements Hold {
  readonly #options: RedisHoldOptions;
  readonly #keys: readonly string[];
  readonly #term: string;
  readonly #rate: number;
  readonly #waitingAudio: AudioBacklog;
  #waitingMessages: Unnumbered[] = [];
  /** What is being written, or has to be written again. */
  #audio: PieceWithBytes[] = [];
  #messages: StoredMessage[] = [];
  /** The audio that is in Redis, oldest first. */
  #stored: Piece[];
  /** The part of it that is on no disk yet. */
  #unrecorded: PieceWithBytes[];
  #storedTo: number;
  #recordedTo: number;
  #captionedTo: number;
  #seq: number;
  /** The position that was reported last. */
  #kept: number;
  #identity: { attempt: number; generation: number; secrets: readonly string[] };
  /** How often this node has tried to write. */
  #writes = 0;
  /** Redis knows the session. */
  #known: boolean;
  /** There is audio of it in Redis, or there was: without it Redis has dropped that by itself. */
  #hasAudio: boolean;
  #writing: Promise<void> | undefined;
  #waitsForTurn = false;
  #lastWriteAt: number;
  #ended = false;
  #settled: (() => void)[] = [];

  constructor(options: RedisHoldOptions) {
    const { opening, claim, clock } = options;
    const taken = claim?.taken;
    const offer = taken?.offer ?? opening.data.audio;
    this.#options = options;
    this.#keys = keysOf(options.key.sessionId);
    this.#term = String(taken?.term ?? 1);
    this.#rate = offer.sample_rate;
    this.#waitingAudio = new AudioBacklog({ maxSamples: MAX_WAITING_SEC * this.#rate, now: () => clock.now() });
    const pieces = (taken?.audio ?? []).map(toPiece);
    this.#storedTo = taken?.storedTo ?? offer.first;
    const recordedTo = taken?.recordedTo ?? offer.first;
    this.#recordedTo = recordedTo;
    this.#stored = pieces.map(({ from, to }) => ({ from, to }));
    this.#unrecorded = pieces.filter(({ to }) => to > recordedTo);
    this.#captionedTo = taken?.captionedTo ?? offer.first;
    this.#kept = this.#recordedTo;
    this.#seq = taken?.seq ?? 0;
    this.#known = taken !== undefined && taken.forgotten !== true;
    this.#hasAudio = pieces.length > 0;
    this.#lastWriteAt = clock.now();
    this.#identity = {
      attempt: opening.data.attempt,
      generation: (taken?.generation ?? 0) + 1,
      secrets: [...(taken?.secrets ?? []), ...(claim?.secret === undefined ? [] : [claim.secret])],
    };
  }

  owns({ node, epoch, term }: SessionHead): boolean {
    const { node: thisNode, key } = this.#options;
    return !this.#ended && node === thisNode && epoch === key.epoch && String(term) === this.#term;
  }

  /** The client has a new connection. */
  attached(attempt: number, secrets: readonly string[]): void {
    this.#identity = { attempt, secrets, generation: this.#identity.generation + 1 };
  }

  append(frame: WireAudioFrame): void {
    if (this.#ended) return;
    this.#waitingAudio.push(frame);
    if (this.#waitsForTurn) return;
    this.#waitsForTurn = true;
    void this.#options.turn.next().then(() => {
      this.#waitsForTurn = false;
      this.write();
    });
  }

  recorded(position: number): void {
    this.#recordedTo = position;
    this.#reportKept();
  }

  emit(t: string, data: unknown): void {
    if (this.#ended) return;
    const last = this.#waitingMessages.at(-1);
    // While Redis is away, only the last partial caption of a segment is worth keeping: it replaces those before it.
    if (last?.t === "asr.partial" && segmentOf(last) !== undefined && segmentOf(last) === segmentOf({ t, data })) {
      this.#waitingMessages.pop();
    }
    this.#waitingMessages.push({ t, data });
    if (this.#waitingMessages.length > this.#options.maxMessages) this.#waitingMessages.shift();
    this.write();
  }

  settle(): Promise<void> {
    if (this.#ended || this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      this.#settled.push(resolve);
      this.write();
    });
  }

  forget(): void {
    if (this.#ended) return;
    this.#end();
    const { link, node, key, ttlMs } = this.#options;
    // What cannot be forgotten now is forgotten when its time is over.
    link.run(FORGET, this.#keys, [node, String(key.epoch), this.#term, String(ttlMs)]).catch(() => {});
  }

  release(): void {
    this.#end();
  }

  /** Shows that the session is alive, if it has not been written to for so many milliseconds. */
  beat(idleMs: number): void {
    if (this.#options.clock.now() - this.#lastWriteAt >= idleMs) this.write();
  }

  /** Writes what has gathered, or shows that the session is alive, unless a write is under way. */
  write(): void {
    if (this.#ended || this.#writing !== undefined) return;
    this.#writing = this.#writeAll().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Resolves when a Redis that has forgotten the session has got it back, or cannot be reached. */
  async putBack(): Promise<void> {
    this.write();
    await this.#writing;
  }

  /** Messages go at once; audio waits for the next turn, unless somebody waits for everything. */
  get #hasToGoOn(): boolean {
    const hasRest = this.#audio.length > 0 || this.#waitingMessages.length > 0;
    return !this.#known || hasRest || (this.#settled.length > 0 && !this.#isIdle);
  }

  get #isIdle(): boolean {
    const nothingWaits = this.#waitingAudio.isEmpty && this.#waitingMessages.length === 0;
    return nothingWaits && this.#audio.length === 0 && this.#messages.length === 0;
  }

  /** What cannot be written waits for the next call. */
  async #writeAll(): Promise<void> {
    try {
      do {
        this.#gather();
        const answer = await this.#writeOnce();
        if (this.#ended) return;
        this.#lastWriteAt = this.#options.clock.now();
        if (answer === "lost") this.#lose();
        else if (answer !== "ok") this.#known = false;
      } while (!this.#ended && this.#hasToGoOn);
      if (this.#isIdle) for (const settle of this.#settled.splice(0)) settle();
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      // Its client comes back, and hears why. The connection itself reports any other trouble, and its end.
      if (error.isOfKey) this.#lose();
    }
  }

  #gather(): void {
    for (const block of this.#waitingAudio.take()) {
      for (const stretch of block.stretches) {
        this.#audio.push(...cutIntoPieces(stretch, block.bytes.subarray(stretch.from, stretch.to)));
      }
      this.#waitingAudio.reuse(block);
    }
    const first = this.#messages.at(-1)?.seq ?? this.#seq;
    this.#messages.push(...this.#waitingMessages.map((message, index) => ({ ...message, seq: first + index + 1 })));
    this.#waitingMessages = [];
  }

  /** A session that Redis does not know, or knows only in part, is put there anew, from where this node has it. */
  async #writeOnce(): Promise<string> {
    const { link, node, key, ttlMs, maxMessages } = this.#options;
    const begins = !this.#known;
    // What was written and is on no disk yet is gone with what Redis had.
    if (begins) this.#audio.unshift(...this.#unrecorded.splice(0));
    const audio = fitOneWrite(this.#audio);
    // A caption is never there before what it is about.
    const messages = audio.length === this.#audio.length ? this.#messages.slice() : [];
    const start = (begins ? audio[0]?.from : undefined) ?? this.#storedTo;
    const stored = [...(begins ? [] : this.#stored), ...audio];
    const storedTo = audio.at(-1)?.to ?? start;
    const captionedTo = Math.max(this.#captionedTo, ...messages.map(endOfFinal));
    const keepFrom = Math.min(this.#recordedTo, Math.max(captionedTo, storedTo - RETAINED_SEC * this.#rate));
    const oldest = stored.find(({ to }) => to > keepFrom)?.from ?? storedTo;
    const words = begins ? this.#firstWords(start) : [];
    this.#writes += 1;
    const answer = await link.run(WRITE, this.#keys, [
      ...[node, String(key.epoch), this.#term, String(this.#writes), String(ttlMs)],
      ...[String(Math.min(this.#recordedTo, storedTo)), String(captionedTo), String(oldest), String(maxMessages)],
      ...[this.#hasAudio && !begins ? "audio" : "", String(words.length), String(audio.length), ...words],
      ...audio.flatMap(({ from, to, bytes }, index) => {
        const isNext = from === (audio[index - 1]?.to ?? start);
        return [String(from), String(to), isNext ? "next" : "gap", bytes];
      }),
      ...messages.flatMap(({ seq, t, data }) => [String(seq), JSON.stringify({ t, data })]),
    ]);
    if (String(answer) !== "ok" || this.#ended) return String(answer);
    this.#known = true;
    this.#hasAudio = audio.length > 0 || (this.#hasAudio && !begins);
    this.#audio.splice(0, audio.length);
    this.#messages.splice(0, messages.length);
    this.#stored = stored.flatMap(({ from, to }) => (to > oldest ? { from, to } : []));
    this.#storedTo = storedTo;
    this.#captionedTo = captionedTo;
    this.#seq = messages.at(-1)?.seq ?? this.#seq;
    this.#unrecorded = [...this.#unrecorded, ...audio].filter(({ to }) => to > this.#recordedTo);
    // What one of them leads to may end the session.
    for (const { t, data } of messages) if (!this.#ended) this.#options.onEvent(t, data);
    this.#reportKept();
    return "ok";
  }

  /** What a session is before it has any audio from `start` on. */
  #firstWords(start: number): readonly string[] {
    const { node, key, opening, claim } = this.#options;
    const { attempt, generation, secrets } = this.#identity;
    const offer = claim?.taken?.offer ?? opening.data.audio;
    const fields = {
      // The script reads these two.
      ...{ storedTo: start, seq: this.#seq },
      ...{ node, epoch: key.epoch, term: this.#term, generation, attempt },
      session: JSON.stringify({ clientId: opening.data.client_id, offer, secrets }),
    };
    return Object.entries(fields).flatMap(([field, value]) => [field, String(value)]);
  }

  #reportKept(): void {
    const kept = Math.min(this.#recordedTo, this.#storedTo);
    if (this.#ended || kept <= this.#kept) return;
    this.#kept = kept;
    this.#options.onKept(kept);
  }

  #lose(): void {
    if (this.#ended) return;
    this.#end();
    this.#options.onLost();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#waitingAudio.discard("the session is elsewhere");
    this.#waitingMessages = [];
    [this.#audio, this.#messages] = [[], []];
    for (const settle of this.#settled.splice(0)) settle();
    this.#options.onEnd();
  }
}
