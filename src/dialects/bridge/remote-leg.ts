import type { Registration } from "../../internal/scope.js";
import type { WireAudioFrame } from "../../protocol/audio-frame.js";
import type { DialectEvent, DialectSession, RemoteMessage, Verdict } from "../dialect.js";
import { AudioMap } from "./audio-map.js";
import { guardSession } from "./guard-session.js";
import { awaitLastWords } from "./last-words.js";
import { PaceCredit } from "./pace-credit.js";
import type { RemoteLegOptions } from "./remote-leg-options.js";
import type { RemoteLink, RemoteObserver } from "./remote-link.js";
import { SaidCaptions } from "./said-captions.js";
import { UnansweredAudio } from "./unanswered-audio.js";
import { type AudioBatch, WaitingAudio } from "./waiting-audio.js";

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
/** A word may begin so quietly, in milliseconds. */
const QUIET_MARGIN_MS = 500;
/** Silence in which no word is cut in two, in milliseconds. */
const PAUSE_MS = 300;
/** A service this slow gets silence only if it has to, since its pace would never let it catch up. */
const SLOW_PACE = 1.5;

/** One session of a service: gives it its audio at its pace, and time. */
export class RemoteLeg implements RemoteObserver {
  readonly number: number;
  /** Position of its first sample. */
  readonly begin: number;
  readonly map: AudioMap;
  /** Segments of which the stream has a caption that is not final. */
  readonly open = new Set<string>();
  /** Numbers of segments whose names are too long to be used. */
  readonly longNames = new Map<string, number>();
  readonly unanswered: UnansweredAudio;
  readonly #options: RemoteLegOptions;
  readonly #session: DialectSession;
  readonly #said = new SaidCaptions();
  readonly #waiting: WaitingAudio;
  /** Position after the last sample that it was given. */
  #end: number;
  readonly #bornAt: number;
  #link: RemoteLink | undefined;
  /** What came before it was known that the connection is open: a service may speak in the same packet as its handshake. */
  readonly #early: RemoteMessage[] = [];
  #phase: "opening" | "ready" | "finishing" | "finished" | "over" = "opening";
  #wantsToFinish = false;
  #timer: Registration | undefined;
  #credit: PaceCredit | undefined;
  #sentAt: number;
  #pushedAt: number;

  constructor(options: RemoteLegOptions) {
    const { number, format, begin, clock } = options;
    this.#options = options;
    this.#session = guardSession(options.session, (detail) => this.failed({ kind: "temporary", detail }));
    this.number = number;
    this.begin = begin;
    this.#end = begin;
    this.unanswered = new UnansweredAudio(options.terms, begin);
    this.map = new AudioMap(format.sampleRate, begin);
    this.#waiting = new WaitingAudio(format);
    const now = clock.now();
    this.#bornAt = now;
    this.#sentAt = now;
    this.#pushedAt = now;
  }

  /** Position after the audio that it was given, sent or not. */
  get end(): number {
    return this.#end;
  }

  /** The service has said everything before this position. */
  get settled(): number {
    return this.unanswered.settled;
  }

  get ageMs(): number {
    return this.#options.clock.now() - this.#bornAt;
  }

  /** Audio that waits because the service takes it no faster, in milliseconds. */
  get lagMs(): number {
    return (this.#waiting.samples * 1_000) / this.#options.format.sampleRate;
  }

  get isReady(): boolean {
    return this.#phase === "ready";
  }

  /** Whether nobody has spoken for a moment in what was sent. */
  get isQuiet(): boolean {
    return this.#waiting.quietSamples >= this.#samplesIn(PAUSE_MS);
  }

  /** Whether the service gets audio and says nothing for longer than it may. */
  get isMute(): boolean {
    return this.unanswered.isMute(this.#options.clock.now());
  }

  /** The connection is open. */
  opened(link: RemoteLink): void {
    if (this.#phase === "over") {
      link.close();
      return;
    }
    this.#link = link;
    for (const message of this.#session.open()) this.#send(message);
    if (this.#session.isReadyWhenOpen === true) this.#take({ type: "ready" });
    for (const message of this.#early.splice(0)) this.received(message);
  }

  received(message: RemoteMessage): void {
    if (this.#phase === "over") return;
    if (this.#link === undefined) {
      this.#early.push(message);
      return;
    }
    const now = this.#options.clock.now();
    this.unanswered.heard(now);
    const events = this.#session.receive(message);
    for (const event of events) this.#take(event);
    this.unanswered.settleWordless(now, events, this.map);
    const { endsSilently } = this.#options.terms;
    if (endsSilently === true && this.#phase === "finishing" && this.unanswered.isSaid) this.#finishNow();
  }

  /** The connection was closed by the service or the network. */
  closed(code: number, reason: string): void {
    const verdict = this.#session.judge(code, reason);
    const isEnd = verdict === "finished" && this.#phase === "finishing";
    if (isEnd) this.#settleEnd();
    if (isEnd && this.unanswered.canBeEnd) this.#take({ type: "finished" });
    else if (verdict !== "finished") this.failed(verdict);
    else this.failed({ kind: "temporary", detail: `The service ended the session with code ${code}.` });
  }

  failed(verdict: Verdict): void {
    if (this.#phase === "over" || this.#phase === "finished") return;
    this.leave();
    this.#options.observer.onLost(verdict);
  }

  push(frame: WireAudioFrame): void {
    this.#pushedAt = this.#options.clock.now();
    this.#end = frame.position + frame.sampleCount;
    this.#waiting.push(frame);
    this.#pump();
  }

  /** No more audio will come. */
  finish(): void {
    this.#wantsToFinish = true;
    this.#pump();
  }

  /** Comes to an end with what was sent: what waits, which may take longer than the session lasts, is the next one's. */
  finishEarly(): void {
    this.#waiting.clear();
    this.#end = this.map.end;
    this.finish();
  }

  /** Settles audio in which nobody speaks, for services that say nothing about it. */
  settleSilence(): void {
    this.unanswered.settleSilence(this.map.end - this.#samplesIn(QUIET_MARGIN_MS));
  }

  /** Breaks off: what has been said that stands is told. */
  leave(): void {
    const events = this.#phase === "over" ? [] : (this.#session.settle?.(false) ?? []);
    this.dispose();
    for (const event of events) this.#tell(event);
  }

  /** Lets go of everything, without a word. */
  dispose(): void {
    this.#phase = "over";
    this.#link?.close();
    this.#link = undefined;
    void this.#options.scope.dispose();
  }

  #samplesIn(durationMs: number): number {
    return Math.round((durationMs * this.#options.format.sampleRate) / 1_000);
  }

  #take(event: DialectEvent): void {
    if (event.type === "ready" && this.#phase === "opening") this.#begin();
    else if (event.type === "finished" && this.#phase === "finishing") {
      this.#phase = "finished";
      this.unanswered.settle(this.#end);
      this.#options.observer.onEvent(this, event);
      this.dispose();
    } else if (event.type === "refused") this.failed(event.verdict);
    else if (event.type !== "ready" && event.type !== "finished" && this.#phase !== "over") this.#tell(event);
  }

  #tell(event: DialectEvent): void {
    const heard = this.#said.hear(event);
    if (heard === undefined) return;
    this.unanswered.note(heard);
    this.#options.observer.onEvent(this, heard);
  }

  #begin(): void {
    const { observer, terms, format, clock } = this.#options;
    this.#phase = "ready";
    this.#credit = new PaceCredit(format.sampleRate, terms.pace, this.#samplesIn(terms.messageMs.max), clock.now());
    observer.onEvent(this, { type: "ready" });
    this.#pump();
  }

  /** Sends what may be sent now, and looks again when more may. */
  #pump(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    const credit = this.#credit;
    if (this.#phase !== "ready" || credit === undefined) return;
    const waitMs = this.#sendWaiting(credit);
    if (waitMs !== undefined) this.#lookAgain(waitMs);
    else if (this.#wantsToFinish) this.#sayFinish();
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
    for (;;) {
      if (terms.pace < SLOW_PACE && this.lagMs > LATE_MS) this.#waiting.skipSilence();
      const { samples } = this.#waiting;
      if (samples === 0 || (samples < min && !isStray)) return undefined;
      if ((this.#link?.bufferedBytes ?? 0) > MAX_BUFFERED_BYTES) return BUFFER_CHECK_MS;
      const needed = Math.max(isStrict ? min : 0, Math.min(samples, Math.max(min, this.#samplesIn(SMALLEST_MS))));
      const affordable = credit.affordable(now);
      if (affordable < needed) return credit.waitFor(needed);
      const batch = this.#waiting.take(isStrict ? min : 0, Math.max(needed, Math.min(max, samples, affordable)));
      credit.spend(batch.samples);
      this.#sendAudio(batch);
    }
  }

  #sendAudio({ stretches, payload, isQuiet: areAllQuiet }: AudioBatch): void {
    for (const { position, samples } of stretches) this.map.sent(position, samples);
    this.unanswered.sent(this.#options.clock.now(), this.map.end, areAllQuiet);
    this.#send(this.#session.audio(payload));
  }

  #sayFinish(): void {
    this.#phase = "finishing";
    for (const message of this.#session.finish()) this.#send(message);
    const { terms, scope, clock, silences } = this.#options;
    const detail = `The service did not say its last words within ${terms.finishMs / 1_000} seconds.`;
    const onSilence = (isAlive: boolean): void => {
      const isSaid = isAlive || this.unanswered.isSaid || silences.has(this.begin);
      silences.add(this.begin);
      if (terms.endsSilently === true && isSaid) this.#finishNow();
      else this.failed({ kind: "temporary", detail });
    };
    awaitLastWords({ clock, scope, terms, heardAt: () => this.unanswered.heardAt, onSilence });
  }

  #finishNow(): void {
    this.#settleEnd();
    this.#take({ type: "finished" });
  }

  #settleEnd(): void {
    for (const event of this.#session.settle?.(true) ?? []) this.#take(event);
  }

  #keepAlive(): void {
    const [session, { terms, clock }] = [this.#session, this.#options];
    if (terms.keepaliveMs === undefined || session.keepalive === undefined) return;
    const dueInMs = this.#sentAt + terms.keepaliveMs - clock.now();
    if (dueInMs <= 0) this.#send(session.keepalive());
    this.#lookAgain(dueInMs > 0 ? dueInMs : terms.keepaliveMs);
  }

  #lookAgain(delayMs: number): void {
    this.#timer = this.#options.scope.timeout(Math.max(1, Math.ceil(delayMs)), () => this.#pump(), "next audio");
  }

  #send(message: RemoteMessage): void {
    this.#sentAt = this.#options.clock.now();
    this.#link?.send(message);
  }
}
