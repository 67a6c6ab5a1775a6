import { encodeAudioFrame } from "./audio-frame.js";
import type { Bytes } from "./bytes.js";
import { encodeServerMessage } from "./messages.js";
import {
  PLAYBACK_EXTENSION,
  type PlaybackClientData,
  type PlaybackClientMessage,
  type PlaybackServerData,
} from "./playback-messages.js";
import { ShapeError } from "./shape.js";

/** What a {@link PlaybackSender} is made with. */
export interface PlaybackSenderOptions {
  /** Rate of what is written, in Hz, 8_000 to 96_000. It may not change during a session. */
  readonly sampleRate: number;
  /** 1, or 2 for left and right, interleaved. */
  readonly channels: number;
  /** Audio that may wait for its time, in seconds. @defaultValue 60 */
  readonly maxWaitingSec?: number | undefined;
  /** Audio that may be on its way or unheard, in seconds, however much the client allows. @defaultValue 10 */
  readonly maxWindowSec?: number | undefined;
  /**
   * The person has interrupted: whatever was written is given up.
   * @param heard position of the first sample that was not heard.
   */
  onInterrupt?(heard: number): void;
  /** More was heard, so that there may be room for more. @param heard position of the first sample that was not heard. */
  onHeard?(heard: number): void;
}

/** A frame that was sent and not yet heard. */
interface SentFrame {
  readonly position: number;
  readonly sampleCount: number;
  readonly payload: Bytes;
}

/** A connection whose client plays what this server says. */
interface Link {
  send(data: string | Bytes): void;
  /** Samples that may be sent beyond what was heard; `undefined` until the client is ready. */
  window: number | undefined;
}

const FRAME_MS = 40;
const SAMPLE_BYTES = 2;

/**
 * The server's end of `playback/1` for one session, without sockets and timers: takes the speech of an assistant as PCM, sends
 * as much of it as the client can hold, keeps what was not heard, and goes on from there on the next connection.
 */
export class PlaybackSender {
  readonly #options: PlaybackSenderOptions;
  readonly #sampleBytes: number;
  readonly #maxWaiting: number;
  readonly #maxWindow: number;
  readonly #frameSamples: number;
  /** What was written and has no position yet; `undefined` is the end of something said. */
  #waiting: (Bytes | undefined)[] = [];
  #waitingSamples = 0;
  #kept: SentFrame[] = [];
  #ends: number[] = [];
  /** Everything before it was heard, or was cut off. */
  #heard = 0;
  /** Position of the next sample that was never sent. */
  #sent = 0;
  #interrupts = 0;
  /** Where the last interruption ended: nothing before it is sent again. */
  #floor = 0;
  #link: Link | undefined;
  /** Position of the next sample on this connection. */
  #cursor = 0;

  /** @throws RangeError for a rate or a number of channels that the protocol does not have. */
  constructor(options: PlaybackSenderOptions) {
    const { sampleRate, channels, maxWaitingSec = 60, maxWindowSec = 10 } = options;
    if (!Number.isInteger(sampleRate) || sampleRate < 8_000 || sampleRate > 96_000) {
      throw new RangeError(`sampleRate must be a whole number from 8000 to 96000, and is ${sampleRate}.`);
    }
    if (channels !== 1 && channels !== 2) throw new RangeError(`channels must be 1 or 2, and is ${channels}.`);
    this.#options = options;
    this.#sampleBytes = SAMPLE_BYTES * channels;
    this.#maxWaiting = maxWaitingSec * sampleRate;
    this.#maxWindow = Math.ceil(maxWindowSec * sampleRate);
    this.#frameSamples = Math.floor((FRAME_MS / 1_000) * sampleRate);
  }

  /** Position of the first sample that was not heard. */
  get heard(): number {
    return this.#heard;
  }

  /** Position of the next sample that was never sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Samples that were written and not sent. */
  get waiting(): number {
    return this.#waitingSamples;
  }

  /**
   * Says something more. Nothing is copied: the bytes must stay as they are.
   * @param samples signed 16-bit integers, little-endian, the channels interleaved.
   * @returns `false` if nothing was taken, because too much waits already: try again when more was heard.
   * @throws RangeError for a part of a sample.
   */
  write(samples: Bytes): boolean {
    const count = samples.byteLength / this.#sampleBytes;
    if (!Number.isInteger(count)) {
      throw new RangeError(
        `A sample has ${this.#sampleBytes} bytes here, and ${samples.byteLength} bytes are not a whole number of them.`,
      );
    }
    if (this.#waitingSamples + count > this.#maxWaiting) return false;
    if (count > 0) this.#waiting.push(samples);
    this.#waitingSamples += count;
    this.#pump();
    return true;
  }

  /** What was written last is the end of something said, so that the silence after it is meant. */
  end(): void {
    const isEnded = this.#waiting.length > 0 ? this.#waiting.at(-1) === undefined : this.#ends.at(-1) === this.#sent;
    if (isEnded) return;
    this.#waiting.push(undefined);
    this.#pump();
  }

  /**
   * A connection was answered. Call it right after `session.new` or `session.ack`.
   * @param accept what the opening offers: a client without `playback/1` is sent nothing.
   * @param send takes each message for the client, in order.
   */
  attach(accept: readonly string[], send: (data: string | Bytes) => void): void {
    this.detach();
    if (!accept.includes(PLAYBACK_EXTENSION)) return;
    this.#link = { send, window: undefined };
    const { sampleRate, channels } = this.#options;
    this.#say("playback.offer", { encoding: "pcm_s16le", sample_rate: sampleRate, channels });
  }

  /** The connection is gone. What was not heard waits for the next one. */
  detach(): void {
    this.#link = undefined;
  }

  /** Takes a message of the client that begins with `playback.`. @throws ShapeError if the client breaks the protocol. */
  receive({ t, data }: PlaybackClientMessage): void {
    const link = this.#link;
    if (link === undefined) throw new ShapeError(`${t} must follow a playback.offer.`);
    if (t === "playback.open") this.#open(link, data);
    else if (link.window === undefined) throw new ShapeError(`${t} must follow a playback.open.`);
    else if (t === "playback.ack") this.#acknowledge(data.heard);
    else this.#onInterrupt(data);
    this.#pump();
  }

  #open(link: Link, { next, heard, interrupts, window }: PlaybackClientData["playback.open"]): void {
    if (link.window !== undefined) throw new ShapeError("playback.open must come once on a connection.");
    if (heard > next) throw new ShapeError("playback.open must not have heard more than it has received.");
    const isLost = next > this.#sent || interrupts < this.#interrupts;
    if (!isLost && heard < this.#heard && this.#floor <= heard) {
      throw new ShapeError("playback.open must not take back what was acknowledged.");
    }
    const hasGap = isLost && next > 0;
    if (isLost) this.#forget(next, heard, interrupts);
    link.window = Math.min(window, this.#maxWindow);
    if (interrupts > this.#interrupts) this.#cutOff(heard, interrupts);
    else this.#free(Math.max(heard, this.#floor));
    this.#cursor = Math.max(next, this.#floor);
    this.#say("playback.start", { position: this.#cursor, interrupts, ...(hasGap ? { gap: true } : {}) });
    this.#sayEnds();
  }

  #acknowledge(heard: number): void {
    if (heard > this.#cursor) throw new ShapeError("playback.ack must not go beyond what was sent.");
    if (heard <= this.#heard) return;
    this.#free(heard);
    this.#options.onHeard?.(heard);
  }

  #onInterrupt({ heard, interrupts }: PlaybackClientData["playback.interrupt"]): void {
    if (heard > this.#cursor) throw new ShapeError("playback.interrupt must not go beyond what was sent.");
    if (interrupts !== this.#interrupts + 1) {
      throw new ShapeError(`playback.interrupt must be number ${this.#interrupts + 1}, and is number ${interrupts}.`);
    }
    this.#cutOff(heard, interrupts);
    this.#say("playback.start", { position: this.#sent, interrupts });
  }

  /** Another process knew what the client has heard, and this one begins where the client stands. */
  #forget(next: number, heard: number, interrupts: number): void {
    this.#kept = [];
    this.#ends = [];
    this.#interrupts = interrupts;
    this.#sent = next;
    this.#floor = heard;
    this.#heard = heard;
  }

  #cutOff(heard: number, interrupts: number): void {
    const from = Math.max(heard, this.#heard);
    this.#kept = [];
    this.#ends = [];
    this.#waiting = [];
    this.#waitingSamples = 0;
    this.#interrupts = interrupts;
    this.#floor = this.#sent;
    this.#heard = this.#sent;
    this.#cursor = this.#sent;
    this.#options.onInterrupt?.(from);
  }

  #free(heard: number): void {
    this.#heard = Math.max(this.#heard, heard);
    const first = this.#kept.findIndex(({ position, sampleCount }) => position + sampleCount > this.#heard);
    this.#kept.splice(0, first < 0 ? this.#kept.length : first);
    this.#ends = this.#ends.filter((end) => end >= this.#heard);
  }

  /** Sends what the client has room for. */
  #pump(): void {
    const { window } = this.#link ?? {};
    if (window === undefined) return;
    const limit = this.#heard + window;
    for (let frame = this.#next(limit); frame !== undefined; frame = this.#next(limit)) {
      this.#cursor = frame.position + frame.sampleCount;
      this.#link?.send(encodeAudioFrame({ flags: 0, ...frame }));
      this.#sayEnds();
    }
    this.#placeEnds();
  }

  /** The next frame on this connection: one that was sent on an earlier one, or a new one. */
  #next(limit: number): SentFrame | undefined {
    if (this.#cursor >= limit) return undefined;
    if (this.#cursor === this.#sent) return this.#make(limit);
    const frame = this.#kept.find(({ position, sampleCount }) => position + sampleCount > this.#cursor);
    return frame && this.#part(frame, this.#cursor, limit);
  }

  #part({ position, sampleCount, payload }: SentFrame, from: number, limit: number): SentFrame {
    const to = Math.min(position + sampleCount, limit);
    const bytes = payload.subarray((from - position) * this.#sampleBytes, (to - position) * this.#sampleBytes);
    return { position: from, sampleCount: to - from, payload: bytes };
  }

  /** Gives the first of what waits its position. */
  #make(limit: number): SentFrame | undefined {
    this.#placeEnds();
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const bytes = Math.min(first.byteLength, Math.min(this.#frameSamples, limit - this.#sent) * this.#sampleBytes);
    const frame = {
      position: this.#sent,
      sampleCount: bytes / this.#sampleBytes,
      payload: first.subarray(0, bytes),
    };
    if (bytes === first.byteLength) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(bytes);
    this.#waitingSamples -= frame.sampleCount;
    this.#sent += frame.sampleCount;
    this.#kept.push(frame);
    return frame;
  }

  #placeEnds(): void {
    while (this.#waiting.length > 0 && this.#waiting[0] === undefined && this.#cursor === this.#sent) {
      this.#waiting.shift();
      this.#ends.push(this.#sent);
      this.#sayEnds();
    }
  }

  /** Says that something ends where this connection stands, if it does. */
  #sayEnds(): void {
    if (this.#ends.includes(this.#cursor)) this.#say("playback.end", { position: this.#cursor });
  }

  #say<T extends keyof PlaybackServerData>(t: T, data: PlaybackServerData[T]): void {
    this.#link?.send(encodeServerMessage(t, data));
  }
}
