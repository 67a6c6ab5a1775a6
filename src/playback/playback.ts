import { type AnyAudioStreamError, isAudioStreamError } from "../errors.js";
import type { ImportedPlayback } from "../host/imported-playback.js";
import type { Scope } from "../internal/scope.js";
import { TypedEventTarget } from "../internal/typed-event-target.js";
import { openPlayback, playbackSource } from "./playback-code.js";
import { alreadyUsed, formatChanged, playerFailed } from "./playback-errors.js";
import {
  HalfDuplexChangeEvent,
  InterruptedEvent,
  PlaybackErrorEvent,
  PlaybackEvent,
  type PlaybackEventMap,
} from "./playback-events.js";
import {
  type CheckedPlaybackOptions,
  checkPlaybackOptions,
  checkSinkId,
  type PlaybackOptions,
} from "./playback-options.js";
import { VoicePlayer } from "./player/voice-player.js";
import type { PlaybackFormat, PlayerActivity, PlayerReport, ToPage, ToRunningSide } from "./port-messages.js";

/** Plays what the server of a stream says. Made by {@link playback}, and given to a stream as its option `playback`. */
export interface Playback extends TypedEventTarget<PlaybackEventMap> {
  /** Samples of the server's audio that were played or cut off, at {@link Playback.sampleRate}. */
  readonly position: number;
  /** Rate of the server's audio in Hz; `undefined` until a server has offered some. */
  readonly sampleRate: number | undefined;
  /** Audio that has come and is not played yet, in milliseconds. */
  readonly bufferedMs: number;
  /** `"idle"`: nothing is being said. `"waiting"`: more has to come before it goes on. */
  readonly activity: "idle" | "playing" | "waiting";
  /** Whether the browser lets nothing be heard until the person has touched the page: see {@link Playback.resume}. */
  readonly blocked: boolean;
  /** Whether the microphone is silenced because the voice is heard: see the option `halfDuplex`. */
  readonly microphoneSilenced: boolean;
  /** Stops what is being said within one quantum of the audio thread, gives up what had come, and tells the server what was heard. */
  interrupt(): void;
  /**
   * Lets the browser play. Call it in a click if {@link Playback.blocked} is true. Does nothing before there is something to play.
   * @throws what the browser rejects with, or the reason of the stream's end.
   */
  resume(): Promise<void>;
  /**
   * Plays on another device from now on, as `enumerateDevices()` names it; `""` is the default one.
   * @throws AudioStreamError `unsupported` if this browser cannot choose, or refuses the device.
   */
  setSinkId(sinkId: string): Promise<void>;
}

/**
 * Plays what the server says, for a stream's option `playback`. The server has to speak `playback/1`; one that does not says
 * nothing. An application that does not import it does not carry its code.
 * @throws TypeError or RangeError naming the option that cannot be.
 */
export function playback(options: PlaybackOptions = {}): Playback {
  return new StreamPlayback(checkPlaybackOptions(options));
}

/** What belongs to one stream. */
interface Attached {
  readonly scope: Scope;
  /** To the latest running side. */
  port?: MessagePort;
  player?: VoicePlayer;
}

class StreamPlayback extends TypedEventTarget<PlaybackEventMap> implements Playback, ImportedPlayback {
  readonly open = openPlayback;
  readonly source = playbackSource;
  #options: CheckedPlaybackOptions;
  #attached: Attached | undefined;
  #format: PlaybackFormat | undefined;
  #position = 0;
  #bufferedSamples = 0;
  #activity: PlayerActivity = "idle";
  #underruns = 0;
  #blocked = false;
  #microphoneSilenced = false;

  constructor(options: CheckedPlaybackOptions) {
    super(() => {});
    this.#options = options;
  }

  get position(): number {
    return this.#position;
  }

  get sampleRate(): number | undefined {
    return this.#format?.sampleRate;
  }

  get bufferedMs(): number {
    return this.#format === undefined ? 0 : (this.#bufferedSamples / this.#format.sampleRate) * 1_000;
  }

  get activity(): PlayerActivity {
    return this.#activity;
  }

  get blocked(): boolean {
    return this.#blocked;
  }

  get microphoneSilenced(): boolean {
    return this.#microphoneSilenced;
  }

  interrupt(): void {
    this.#attached?.player?.interrupt();
  }

  async resume(): Promise<void> {
    await this.#attached?.player?.resume();
  }

  async setSinkId(sinkId: string): Promise<void> {
    checkSinkId("sinkId", sinkId);
    await this.#attached?.player?.setSinkId(sinkId);
    this.#options = { ...this.#options, sinkId };
  }

  attach(scope: Scope): MessagePort {
    const { port1: own, port2: far } = new MessageChannel();
    scope.defer("playback", () => own.close());
    if (this.#attached !== undefined && this.#attached.scope !== scope) {
      this.#fail(alreadyUsed());
      return far;
    }
    const attached = this.#attached ?? this.#begin(scope);
    attached.port = own;
    scope.listen(own, "message", ({ data }: MessageEvent<ToPage>) => this.#take(attached, own, data));
    own.start();
    return far;
  }

  #begin(scope: Scope): Attached {
    this.#format = undefined;
    this.#position = 0;
    this.#underruns = 0;
    const attached: Attached = { scope };
    this.#attached = attached;
    scope.defer("playback", () => {
      this.#attached = undefined;
      this.#bufferedSamples = 0;
      this.#activity = "idle";
      this.#blocked = false;
      this.#microphoneSilenced = false;
    });
    return attached;
  }

  #take(attached: Attached, port: MessagePort, message: ToPage): void {
    // What one had said that has died is not true any more.
    if (port !== attached.port) return;
    if (message.type === "gap") this.dispatchEvent(new PlaybackEvent("gap", message.position));
    else if (message.type === "mismatch") this.#fail(formatChanged(message.format));
    else if (message.type === "half-duplex") this.#onHalfDuplex(message.isSilenced, message.position);
    else this.#givePlayer(attached, port, message.format);
  }

  #givePlayer(attached: Attached, port: MessagePort, format: PlaybackFormat): void {
    const { sampleRate, channels } = this.#format ?? format;
    if (sampleRate !== format.sampleRate || channels !== format.channels) {
      this.#fail(formatChanged(format));
      return;
    }
    this.#format = format;
    try {
      attached.player ??= this.#makePlayer(attached, format);
    } catch (cause) {
      this.#fail(playerFailed(cause));
      return;
    }
    const { port1, port2 } = new MessageChannel();
    attached.player.connect(port1);
    port.postMessage({ type: "player", port: port2 } satisfies ToRunningSide, [port2]);
  }

  #makePlayer(attached: Attached, format: PlaybackFormat): VoicePlayer {
    return new VoicePlayer(attached.scope, format, this.#options, {
      onReport: (report) => this.#onReport(report),
      onClock: (clock) => attached.port?.postMessage({ type: "clock", clock } satisfies ToRunningSide),
      onBlocked: (blocked) => {
        if (this.#blocked === blocked) return;
        this.#blocked = blocked;
        this.dispatchEvent(new Event("blockedchange"));
      },
      onError: (error, goesOn) => this.#fail(goesOn || isAudioStreamError(error) ? error : playerFailed(error)),
    });
  }

  #onReport(report: PlayerReport): void {
    if (report.type === "interrupted") {
      this.#position = report.heard;
      this.dispatchEvent(new InterruptedEvent(report.heard, report.receivedTo));
      return;
    }
    const { heard, bufferedSamples, activity, underruns } = report;
    this.#position = heard;
    this.#bufferedSamples = bufferedSamples;
    this.#activity = activity;
    if (underruns > this.#underruns) {
      this.#underruns = underruns;
      this.dispatchEvent(new PlaybackEvent("underrun", heard));
    }
    this.dispatchEvent(new PlaybackEvent("playbackposition", heard));
  }

  /** A running side that takes the place of another one says what is known as well. */
  #onHalfDuplex(isSilenced: boolean, position: number): void {
    if (isSilenced === this.#microphoneSilenced) return;
    this.#microphoneSilenced = isSilenced;
    this.dispatchEvent(new HalfDuplexChangeEvent(isSilenced, position));
  }

  #fail(error: Error): void {
    this.dispatchEvent(new PlaybackErrorEvent(error as AnyAudioStreamError));
  }
}
