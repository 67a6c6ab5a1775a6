import { decodeAudioFrame } from "../../protocol/audio-frame.js";
import { type ClientData, encodeClientMessage } from "../../protocol/messages.js";
import {
  PLAYBACK_EXTENSION,
  type PlaybackClientData,
  type PlaybackServerData,
  parsePlaybackMessage,
} from "../../protocol/playback-messages.js";
import { ShapeError } from "../../protocol/shape.js";
import type { SessionExtension } from "../../session/session-extension.js";
import { type FromPlayer, type PlaybackFormat, type ToPage, type ToPlayer, windowOf } from "../port-messages.js";

/** Whom a {@link Downlink} talks to. */
export interface DownlinkParts {
  /** Sends a message on the connection that is live. */
  say(data: string): void;
  toPage(message: ToPage): void;
  toPlayer(message: ToPlayer, transfer: readonly ArrayBuffer[]): void;
}

/** How far a connection has come: what the server has offered, what was asked for, and where the server is. */
interface Offered {
  isOpened: boolean;
  /** A `playback.start` has to come: the opening, or an interruption, is not answered. */
  isAwaited: boolean;
  /** Position of the next frame; `undefined` before the first `playback.start`. */
  expected: number | undefined;
  /** Where an answered interruption left the server while a later one is not answered. */
  cutAt: number;
}

const ENCODING = "pcm_s16le";

/** The client's end of `playback/1`, without sockets, timers and sound: hands to the player what it is to play, each sample once. */
export class Downlink implements SessionExtension {
  readonly name = PLAYBACK_EXTENSION;
  readonly #parts: DownlinkParts;
  #format: PlaybackFormat | undefined;
  #offered: Offered | undefined;
  #player: "none" | "asked for" | "there" = "none";
  /** Position after the last sample that the player was given. */
  #next = 0;
  #heard = 0;
  #interrupts = 0;
  /** Interruptions that the server has answered. */
  #answered = 0;

  constructor(parts: DownlinkParts) {
    this.#parts = parts;
  }

  receive(data: string | Uint8Array, live: boolean): boolean {
    if (typeof data !== "string") {
      this.#takeFrame(data as Uint8Array<ArrayBuffer>);
      return true;
    }
    const message = parsePlaybackMessage(data);
    if (message === undefined) return false;
    const { t } = message;
    if (!live) throw new ShapeError(`${t} must follow the answer to the opening.`);
    if (t === "playback.offer") this.#onOffer(message.data);
    else if (this.#offered?.isOpened !== true) throw new ShapeError(`${t} must follow a playback.open.`);
    else if (t === "playback.start") this.#onStart(this.#offered, message.data);
    else this.#onEnd(this.#offered, message.data.position);
    return true;
  }

  left(): void {
    this.#offered = undefined;
  }

  /** Takes what the player says. */
  hear(message: FromPlayer): void {
    switch (message.type) {
      case "hello": {
        const { heard, next, interrupts, answered } = message.state;
        this.#heard = heard;
        this.#next = next;
        this.#interrupts = interrupts;
        this.#answered = answered;
        this.#player = "there";
        this.#open();
        return;
      }
      case "heard":
        // While an interruption is not answered, nobody knows where the next sound is.
        if (this.#interrupts !== this.#answered || message.heard <= this.#heard) return;
        this.#heard = message.heard;
        if (this.#isHeardNow) this.#say("playback.ack", { heard: this.#heard });
        return;
      case "interrupt":
        this.#heard = message.heard;
        this.#interrupts = message.interrupts;
        if (this.#offered?.isOpened !== true) return;
        this.#offered.isAwaited = true;
        this.#say("playback.interrupt", { heard: message.heard, interrupts: message.interrupts });
    }
  }

  /** Whether what comes on this connection is for the player. */
  get #isHeardNow(): boolean {
    return this.#offered?.isOpened === true && !this.#offered.isAwaited;
  }

  #onOffer({ sample_rate: sampleRate, channels }: PlaybackServerData["playback.offer"]): void {
    if (this.#offered !== undefined) throw new ShapeError("playback.offer must come once on a connection.");
    const format = { sampleRate, channels };
    const { sampleRate: rate = sampleRate, channels: count = channels } = this.#format ?? {};
    if (rate !== sampleRate || count !== channels) {
      // Positions count samples of one rate. What the microphone says goes on all the same.
      this.#parts.toPage({ type: "mismatch", format });
      return;
    }
    this.#format = format;
    this.#offered = { isOpened: false, isAwaited: false, expected: undefined, cutAt: 0 };
    if (this.#player === "there") this.#open();
    if (this.#player !== "none") return;
    this.#player = "asked for";
    this.#parts.toPage({ type: "format", format });
  }

  /** Says that the server may begin, once there is both an offer and a player. */
  #open(): void {
    const [offered, format] = [this.#offered, this.#format];
    if (offered === undefined || format === undefined || offered.isOpened) return;
    offered.isOpened = true;
    offered.isAwaited = true;
    this.#say("playback.open", {
      next: this.#next,
      heard: this.#heard,
      interrupts: this.#interrupts,
      window: windowOf(format),
    });
  }

  #onStart(offered: Offered, { position, interrupts, gap }: PlaybackServerData["playback.start"]): void {
    if (!offered.isAwaited) throw new ShapeError("playback.start must answer something.");
    if (interrupts > this.#interrupts) throw new ShapeError("playback.start must not answer what was not asked.");
    if (position < this.#next) throw new ShapeError("playback.start must not go back.");
    offered.expected = position;
    // The answer to an older message: the one to the latest follows.
    if (interrupts < this.#interrupts) {
      if (interrupts > this.#answered) offered.cutAt = position;
      return;
    }
    if (interrupts === this.#answered && position !== this.#next) {
      throw new ShapeError("playback.start must go on where the client stands, unless that has interrupted.");
    }
    offered.isAwaited = false;
    if (interrupts > this.#answered) {
      this.#answered = interrupts;
      this.#next = position;
      this.#heard = position;
    }
    // The rest of what was being said will not come.
    if (gap === true) this.#parts.toPlayer({ type: "end" }, []);
    this.#parts.toPlayer({ type: "start", position, interrupts }, []);
    if (gap === true) this.#parts.toPage({ type: "gap", position });
  }

  #takeFrame(bytes: Uint8Array<ArrayBuffer>): void {
    const [offered, format] = [this.#offered, this.#format];
    if (offered?.expected === undefined || format === undefined) {
      throw new ShapeError("A server must send binary frames only after playback.start.");
    }
    const { flags, position, sampleCount, payload } = decodeAudioFrame(bytes, { encoding: ENCODING, ...format });
    if (flags !== 0) throw new ShapeError("The frames of a server must have no flags.");
    if (position !== offered.expected) {
      throw new ShapeError(
        `The next frame of the server must be of position ${offered.expected}, and is of ${position}.`,
      );
    }
    if (position + sampleCount > Math.max(this.#heard, offered.cutAt) + windowOf(format)) {
      throw new ShapeError("A server must not send more than the client's window holds.");
    }
    offered.expected = position + sampleCount;
    if (offered.isAwaited) return;
    this.#next = offered.expected;
    const samples = payload.slice().buffer;
    this.#parts.toPlayer({ type: "samples", samples }, [samples]);
  }

  #onEnd(offered: Offered, position: number): void {
    if (position !== offered.expected) throw new ShapeError("playback.end must be where the last frame ends.");
    if (!offered.isAwaited) this.#parts.toPlayer({ type: "end" }, []);
  }

  #say<T extends keyof PlaybackClientData>(t: T, data: ClientData[T]): void {
    this.#parts.say(encodeClientMessage(t, data));
  }
}
