import type { WireAudioFrame } from "../../protocol/audio-frame.js";
import type { DialectEvent, DialectSession, RemoteMessage, Verdict } from "../dialect.js";
import { AudioFeed } from "./audio-feed.js";
import { AudioMap } from "./audio-map.js";
import { guardSession } from "./guard-session.js";
import { awaitLastWords } from "./last-words.js";
import { LongNames } from "./long-names.js";
import type { RemoteLegOptions } from "./remote-leg-options.js";
import type { RemoteLink, RemoteObserver } from "./remote-link.js";
import { SaidCaptions } from "./said-captions.js";
import { UnansweredAudio } from "./unanswered-audio.js";
import type { AudioBatch } from "./waiting-audio.js";

/** A service with more captions that are not final has lost its way. */
const MAX_OPEN_SEGMENTS = 1_000;
/** A word may begin so quietly, in milliseconds. */
const QUIET_MARGIN_MS = 500;

const temporary = (detail: string): Verdict => ({ kind: "temporary", detail });

/** One session of a service, from its connection to its last words. */
export class RemoteLeg implements RemoteObserver {
  readonly number: number;
  /** Position of its first sample. */
  readonly begin: number;
  readonly map: AudioMap;
  /** Segments of which the stream has a caption that is not final. */
  readonly open = new Set<string>();
  /** Numbers of segments whose names are too long to be used. */
  readonly longNames = new LongNames();
  readonly unanswered: UnansweredAudio;
  readonly #options: RemoteLegOptions;
  readonly #session: DialectSession;
  readonly #said = new SaidCaptions();
  readonly #feed: AudioFeed;
  /** Position after the last sample that it was given. */
  #end: number;
  readonly #bornAt: number;
  #link: RemoteLink | undefined;
  /** What came before it was known that the connection is open: a service may speak in the same packet as its handshake. */
  readonly #early: RemoteMessage[] = [];
  #phase: "opening" | "ready" | "finishing" | "finished" | "over" = "opening";

  constructor(options: RemoteLegOptions) {
    const { number, format, begin, clock } = options;
    this.#options = options;
    this.#session = guardSession(options.session, (detail) => this.failed(temporary(detail)));
    this.number = number;
    this.begin = begin;
    this.#end = begin;
    this.unanswered = new UnansweredAudio(options.terms, begin);
    this.map = new AudioMap(format.sampleRate, begin);
    this.#feed = new AudioFeed({
      ...options,
      bufferedBytes: () => this.#link?.bufferedBytes ?? 0,
      send: (batch) => this.#sendAudio(batch),
      keepAlive: () => this.#keepAlive(),
      onEmpty: () => this.#sayFinish(),
    });
    this.#bornAt = clock.now();
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
    return this.#feed.lagMs;
  }

  get isReady(): boolean {
    return this.#phase === "ready";
  }

  /** Whether nobody has spoken for a moment in what was sent. */
  get isQuiet(): boolean {
    return this.#feed.isQuiet;
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
    else this.failed(temporary(`The service ended the session with code ${code}.`));
  }

  failed(verdict: Verdict): void {
    if (this.#phase === "over" || this.#phase === "finished") return;
    this.leave();
    this.#options.observer.onLost(verdict);
  }

  push(frame: WireAudioFrame): void {
    this.#end = frame.position + frame.sampleCount;
    this.#feed.push(frame);
  }

  /** No more audio will come. */
  finish(): void {
    this.#feed.finish();
  }

  /** Comes to an end with what was sent: what waits, which may take longer than the session lasts, is the next one's. */
  finishEarly(): void {
    this.#feed.clear();
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
    this.#feed.stop();
    this.#link?.close();
    this.#link = undefined;
    void this.#options.scope.dispose();
  }

  #samplesIn(durationMs: number): number {
    return Math.round((durationMs * this.#options.format.sampleRate) / 1_000);
  }

  #take(event: DialectEvent): void {
    if (event.type === "ready" && this.#phase === "opening") this.#begin();
    else if (event.type === "finished" && this.#phase === "finishing") this.#finished(event);
    else if (event.type === "refused") this.failed(event.verdict);
    else if (event.type !== "ready" && event.type !== "finished" && this.#phase !== "over") this.#tell(event);
  }

  #finished(event: DialectEvent): void {
    const { silences, observer } = this.#options;
    if (!this.unanswered.isBetweenSegments && !silences.has(this.begin)) {
      silences.add(this.begin);
      this.failed(temporary("The service came to its end, and words that it had shown were not final."));
      return;
    }
    this.#phase = "finished";
    this.unanswered.settle(this.#end);
    observer.onEvent(this, event);
    this.dispose();
  }

  #tell(event: DialectEvent): void {
    const heard = this.#said.hear(event);
    if (heard === undefined) return;
    this.unanswered.note(heard);
    this.#options.observer.onEvent(this, heard);
    if (this.unanswered.openSegments <= MAX_OPEN_SEGMENTS) return;
    this.failed(temporary(`The service has more than ${MAX_OPEN_SEGMENTS} captions that it does not end.`));
  }

  #begin(): void {
    this.#phase = "ready";
    this.#feed.begin();
    this.#options.observer.onEvent(this, { type: "ready" });
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
      if (terms.endsSilently === true && isSaid) this.#finishNow();
      else {
        silences.add(this.begin);
        this.failed(temporary(detail));
      }
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
    const message = this.#session.keepalive?.();
    if (message !== undefined) this.#send(message);
  }

  #send(message: RemoteMessage): void {
    this.#link?.send(message);
  }
}
