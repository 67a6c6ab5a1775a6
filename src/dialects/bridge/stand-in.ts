import type { AudioFormat } from "../../capture/source.js";
import { sentenceOf } from "../../internal/text-of.js";
import { AudioFrameFlag, bytesPerSample, decodeAudioFrame } from "../../protocol/audio-frame.js";
import type { Bytes } from "../../protocol/bytes.js";
import { CloseCode } from "../../protocol/close-codes.js";
import {
  type ClientMessage,
  encodeServerMessage,
  parseClientMessage,
  type ServerData,
  type ServerMessageType,
} from "../../protocol/messages.js";
import type { DialectEvent, DialectRequest, Verdict } from "../dialect.js";
import { captionOf, segmentId } from "./caption-of.js";
import { HeldEvents } from "./held-events.js";
import { NumberedMessages } from "./numbered-messages.js";
import { type Refusal, refusalOf, unsupported } from "./refusal-of.js";
import { RemoteLeg } from "./remote-leg.js";
import { rolloverMoment } from "./rollover.js";
import { splitFrame } from "./split-frame.js";
import type { Client, StandInOptions } from "./stand-in-options.js";
import { PACE, welcomeTo } from "./welcome.js";

type Opening = Extract<ClientMessage, { readonly t: "client.hello" | "session.resume" }>;

/** How often the lag is told, in milliseconds, and from how much on. */
const LAG_INTERVAL_MS = 1_000;
const LAG_MS = 2_000;

/**
 * Stands in for a LoquiLex server in front of a service that speaks another dialect. The stream keeps audio until it is
 * acknowledged here, which is when the service has said all its words, so that after a cut the next session of the service gets
 * everything that has not become words.
 */
export class StandIn {
  readonly #options: StandInOptions;
  readonly #messages = new NumberedMessages();
  #client: Client | undefined;
  /** Whether its opening was answered: audio is not acknowledged before. */
  #isAnswered = false;
  #format: AudioFormat | undefined;
  #sessionId = "";
  /** `undefined` until the first answer. */
  #epoch: number | undefined;
  /** Sessions of the service that have not said everything, oldest first; audio goes to the last one unless it is finishing. */
  #legs: RemoteLeg[] = [];
  /** What the last one has said before the one before it was through. */
  readonly #held = new HeldEvents();
  readonly #silences = new Set<number>();
  #legCount = 0;
  /** The session that gets the audio. */
  #current: RemoteLeg | undefined;
  #expected = 0;
  #released = 0;
  #endAt: number | undefined;
  #lagToldAt = Number.NEGATIVE_INFINITY;

  constructor(options: StandInOptions) {
    this.#options = options;
  }

  /** The stream has connected. */
  attach(client: Client): void {
    if (this.#client !== undefined) this.detach(this.#client);
    this.#client = client;
    this.#isAnswered = false;
  }

  /** @throws ShapeError if the stream breaks the protocol. */
  receive(data: string | Bytes): void {
    if (typeof data === "string") this.#takeMessage(parseClientMessage(data));
    else this.#takeAudio(data);
  }

  #takeMessage(message: ClientMessage): void {
    switch (message.t) {
      case "client.hello":
      case "session.resume":
        this.#open(message);
        return;
      case "client.hb":
        // An answer vouches for the service.
        if (this.#current?.isMute !== true) this.#say("server.hb", {}, message.id);
        return;
      case "client.ack":
        this.#messages.acknowledge(message.data.ack_seq);
        return;
      case "client.flow":
        this.#messages.maxInFlight = message.data.max_in_flight;
        return;
      case "client.end":
        this.#endAt = message.data.position;
        if (this.#current === undefined) this.#endIfSaid();
        else this.#current.finish();
    }
  }

  /** The stream has let go of the connection. */
  detach(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#messages.detach();
    this.#dropCurrent();
  }

  #open(opening: Opening): void {
    const { audio, session_id, max_in_flight } = opening.data;
    const { dialect } = this.#options;
    const format = { encoding: audio.encoding, sampleRate: audio.sample_rate, channelCount: audio.channels };
    this.#format = format;
    this.#sessionId = session_id;
    this.#endAt = undefined;
    this.#messages.maxInFlight = max_in_flight;
    // What the client gave up to make room is gone.
    const begin = Math.max(audio.first, this.#legs.at(-1)?.end ?? this.#released);
    const request: DialectRequest = { format, token: opening.data.token };
    const scope = this.#options.scope.child(`session of ${dialect.name}`);
    try {
      const address = dialect.address(request);
      const leg = new RemoteLeg({
        number: ++this.#legCount,
        session: dialect.session(request),
        terms: dialect.terms,
        ...{ format, begin, scope, clock: this.#options.clock, silences: this.#silences },
        observer: {
          onEvent: (from, event) => this.#onEvent(from, event, opening),
          onLost: (verdict) => this.#onLost(verdict),
        },
      });
      this.#legs.push(leg);
      this.#current = leg;
      this.#expected = begin;
      this.#options.connect(address, leg, scope);
    } catch (cause) {
      void scope.dispose();
      this.#refuse(unsupported(sentenceOf(cause)));
    }
  }

  #onEvent(leg: RemoteLeg, event: DialectEvent, opening: Opening): void {
    if (event.type === "ready") this.#answer(opening);
    else if (leg === this.#legs[0]) this.#apply(leg, event);
    else this.#held.hold(leg, event);
  }

  #apply(leg: RemoteLeg, event: DialectEvent): void {
    if (event.type === "caption") this.#caption(leg, event);
    else if (event.type === "settled") leg.unanswered.settle(leg.map.settledAt(event.to));
    else if (event.type === "void") this.#void(leg, [segmentId(leg, event.segment)]);
    this.#release(leg);
    if (event.type === "finished") this.#leave(leg);
  }

  #answer(opening: Opening): void {
    const { audio, session_id } = opening.data;
    this.#say("server.welcome", welcomeTo(audio));
    const start = { position: this.#expected, pace: PACE };
    const client = this.#client;
    const send = (json: string): void => client?.send(json);
    const known = opening.t === "session.resume" ? opening.data : undefined;
    // The worker in which the session began may have died: then nothing is known of it here.
    const epoch = this.#epoch ?? (known?.epoch ?? 0) + 1;
    this.#epoch = epoch;
    if (known?.epoch === epoch) {
      const nothing = { finalized_transcript: [], active_partials: [] };
      this.#say("session.snapshot", { session_id, epoch, current_seq: this.#messages.last, ...nothing });
      this.#messages.attach(send, known.last_seq);
      this.#say("session.ack", { session_id, status: "resumed", epoch, audio: start });
    } else {
      this.#say("session.new", { session_id, epoch, reason: "created", audio: start });
      this.#messages.attach(send, 0);
    }
    this.#isAnswered = true;
    this.#say("audio.ack", { position: Math.min(this.#released, this.#expected) });
  }

  #takeAudio(bytes: Bytes): void {
    const leg = this.#current;
    const format = this.#format;
    // After a go-away what is on its way comes again.
    if (leg === undefined || format === undefined) return;
    const { encoding, channelCount: channels } = format;
    const frame = decodeAudioFrame(bytes, { encoding, channels });
    const known = this.#expected - frame.position;
    if (known >= frame.sampleCount) return;
    if (known < 0 && (frame.flags & AudioFrameFlag.gap) === 0) {
      this.#say("audio.resync", { position: this.#expected });
      return;
    }
    this.#expected = frame.position + frame.sampleCount;
    leg.push(known > 0 ? splitFrame(frame, known, (bytesPerSample(encoding) ?? 0) * channels)[1] : frame);
    this.#tellLag(leg);
    leg.settleSilence();
    if (leg === this.#legs[0]) this.#release(leg);
    this.#rollOverIfDue(leg);
  }

  #caption(leg: RemoteLeg, event: Extract<DialectEvent, { readonly type: "caption" }>): void {
    const data = captionOf(leg, event);
    if (event.final) leg.open.delete(data.segment_id);
    else leg.open.add(data.segment_id);
    this.#messages.push(event.final ? "asr.final" : "asr.partial", data);
  }

  /** Acknowledges what the oldest session has said all about. */
  #release(leg: RemoteLeg): void {
    if (leg.settled <= this.#released) return;
    this.#released = leg.settled;
    if (this.#isAnswered) this.#say("audio.ack", { position: this.#released });
  }

  /** This session of the service has said everything; the next one's turn has come. */
  #leave(leg: RemoteLeg): void {
    this.#void(leg);
    this.#legs.shift();
    if (this.#current === leg) this.#current = undefined;
    const [next] = this.#legs;
    if (next === undefined) {
      this.#endIfSaid();
      return;
    }
    for (const event of this.#held.take(next)) this.#apply(next, event);
  }

  #onLost(verdict: Verdict): void {
    // What later sessions have heard begins where an earlier one did not come to an end: they begin anew there.
    for (const one of this.#legs) {
      this.#void(one);
      one.dispose();
    }
    this.#legs = [];
    this.#held.clear();
    this.#current = undefined;
    this.#refuse(refusalOf(verdict));
  }

  #dropCurrent(): void {
    const leg = this.#current;
    if (leg === undefined) return;
    this.#current = undefined;
    leg.leave();
    this.#void(leg);
    this.#legs = this.#legs.filter((one) => one !== leg);
    this.#held.take(leg);
  }

  /** Sends the client to the next session of the service, while this one says what is left. Not amid the events of a message. */
  #rollOverIfDue(leg: RemoteLeg): void {
    if (leg !== this.#current || this.#endAt !== undefined) return;
    const moment = rolloverMoment(leg, this.#options.dialect.terms.sessionMs);
    if (moment === undefined) return;
    if (moment === "pause") {
      this.#current = undefined;
      leg.finishEarly();
    } else this.#dropCurrent();
    this.#say("server.goaway", { reason: "The service limits how long a session lasts.", retry_after_ms: 0 });
    this.#close(CloseCode.serviceRestart, "next session of the service");
  }

  #tellLag(leg: RemoteLeg): void {
    const { lagMs } = leg;
    const now = this.#options.clock.now();
    if (lagMs < LAG_MS || now - this.#lagToldAt < LAG_INTERVAL_MS) return;
    this.#lagToldAt = now;
    this.#messages.push("status", { lag_ms: Math.round(lagMs) });
  }

  #endIfSaid(): void {
    if (this.#endAt === undefined || this.#legs.length > 0) return;
    this.#released = Math.max(this.#released, this.#endAt);
    this.#say("audio.ack", { position: this.#endAt });
    this.#say("session.end", { position: this.#endAt, reason: "ended" });
  }

  /** Takes back what a session of the service has said, by default everything that it has not come to an end with. */
  #void(leg: RemoteLeg, segments: readonly string[] = Array.from(leg.open)): void {
    const open = segments.filter((segment) => leg.open.delete(segment));
    if (open.length > 0) this.#messages.push("asr.void", { segment_ids: open });
  }

  #refuse({ error, closeCode, detail, retryAfterMs }: Refusal): void {
    this.#say("server.error", {
      code: error,
      detail,
      ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
    });
    this.#close(closeCode, detail);
  }

  #close(code: number, reason: string): void {
    const client = this.#client;
    this.#client = undefined;
    this.#messages.detach();
    client?.close(code, reason);
  }

  #say<T extends ServerMessageType>(t: T, data: ServerData[T], corr?: string): void {
    this.#client?.send(encodeServerMessage(t, data, { sid: this.#sessionId, ...(corr !== undefined && { corr }) }));
  }
}
