import { withSignal } from "../../internal/abort.js";
import { LateModule } from "../../internal/late-module.js";
import type { Scope } from "../../internal/scope.js";
import { scriptUrl } from "../../internal/script-url.js";
import { withinWakingTime } from "../../internal/waking-time.js";
import { noSinkChoice, processorThrew, workletRefused, workletTimedOut } from "../playback-errors.js";
import type { CheckedPlaybackOptions } from "../playback-options.js";
import {
  PLAYER_NAME,
  type PlaybackFormat,
  type PlayerClock,
  type PlayerCommand,
  type PlayerReport,
  type PlayerSettings,
  windowOf,
} from "../port-messages.js";

/** How long the module may take to load, over a slow network too, in milliseconds. */
const WORKLET_TIMEOUT_MS = 15_000;
/** A context that does not run after so long, in milliseconds, is not allowed to. */
const BLOCKED_AFTER_MS = 500;

const inlineWorklet = /* @__PURE__ */ new LateModule<{ readonly default: string }>(
  () => import("virtual:playback-worklet"),
);

/** Whom a {@link VoicePlayer} tells. */
export interface VoicePlayerObserver {
  onReport(report: PlayerReport): void;
  /** Where the player's clock stands, if half duplex needs it. Told again and again while it plays. */
  onClock(clock: PlayerClock): void;
  /** Whether the browser lets nothing be heard at the moment. */
  onBlocked(blocked: boolean): void;
  /** Something does not work. Without `goesOn`, nothing is played any more. */
  onError(error: Error, goesOn: boolean): void;
}

/** Latency of a loudspeaker that is believed at most, in milliseconds: a browser that is wrong must not keep the microphone silenced. */
const MAX_LATENCY_MS = 1_000;

/** What can choose its loudspeaker; TypeScript's own libraries do not declare it. */
type Sink = AudioContext & { setSinkId?: (id: string) => Promise<void> };

/** An audio context at the server's rate, and the processor in it. Ends with its scope, inside the call. */
export class VoicePlayer {
  readonly #scope: Scope;
  readonly #options: CheckedPlaybackOptions;
  readonly #observer: VoicePlayerObserver;
  readonly #context: Sink;
  #node: AudioWorkletNode | undefined;
  /** The running side's, until there is a processor that can have it. */
  #port: MessagePort | undefined;
  /** Whether there was an interruption before. */
  #isInterrupted = false;

  /** @throws what the browser throws. */
  constructor(scope: Scope, format: PlaybackFormat, options: CheckedPlaybackOptions, observer: VoicePlayerObserver) {
    this.#scope = scope;
    this.#options = options;
    this.#observer = observer;
    // The browser converts to the device's rate, so that one sample of the server is one sample here.
    const context: Sink = new AudioContext({ sampleRate: format.sampleRate });
    this.#context = context;
    scope.defer("playback context", () => context.close());
    scope.listen(context, "statechange", () => this.#watch());
    this.#watch();
    if (options.sinkId !== "") this.setSinkId(options.sinkId).catch((error) => observer.onError(error, true));
    this.#open(format).catch((error) => {
      if (!scope.disposed) observer.onError(error, false);
    });
  }

  /** Gives the processor the running side that has the server's audio from now on. */
  connect(port: MessagePort): void {
    this.#tellClock();
    if (this.#node === undefined) this.#port = port;
    else this.#command({ type: "port", port }, [port]);
  }

  interrupt(): void {
    // While the processor is being loaded the server has something to say, too, and must hear of it.
    if (this.#node === undefined) this.#isInterrupted = true;
    else this.#command({ type: "interrupt" });
  }

  /** Lets the context run. @throws what the browser rejects with, or the reason of the scope's end. */
  async resume(): Promise<void> {
    await withSignal(this.#context.resume(), this.#scope.signal);
  }

  /** @throws AudioStreamError `unsupported` if the browser cannot, or refuses. */
  async setSinkId(id: string): Promise<void> {
    if (typeof this.#context.setSinkId !== "function") throw noSinkChoice();
    await withSignal(this.#context.setSinkId(id), this.#scope.signal).catch((cause) => {
      throw this.#scope.disposed ? cause : noSinkChoice(cause);
    });
  }

  async #open(format: PlaybackFormat): Promise<void> {
    const scope = this.#scope;
    await withinWakingTime(scope, WORKLET_TIMEOUT_MS, this.#load(), {
      resource: "player's audio-thread module",
      late: () => workletTimedOut(WORKLET_TIMEOUT_MS),
    });
    const { sampleRate, channels } = format;
    const { cushionMs, halfDuplex } = this.#options;
    const settings: PlayerSettings = {
      channels,
      capacity: windowOf(format),
      cushion: Math.floor((cushionMs / 1_000) * sampleRate),
      loudFrom: halfDuplex && 10 ** (halfDuplex.thresholdDb / 20),
    };
    const node = new AudioWorkletNode(this.#context, PLAYER_NAME, {
      numberOfInputs: 0,
      outputChannelCount: [channels],
      processorOptions: settings,
    });
    this.#node = node;
    scope.defer("player", () => {
      this.#command({ type: "stop" });
      node.disconnect();
      node.port.close();
    });
    scope.listen(node, "processorerror", () => this.#observer.onError(processorThrew(), false));
    scope.listen(node.port, "message", ({ data }: MessageEvent<PlayerReport>) => {
      this.#tellClock();
      this.#observer.onReport(data);
    });
    node.port.start();
    node.connect(this.#options.output(this.#context));
    const port = this.#port;
    this.#port = undefined;
    if (port !== undefined) this.connect(port);
    if (this.#isInterrupted) this.interrupt();
  }

  async #load(): Promise<void> {
    const { audioWorklet } = this.#context;
    const { workletUrl } = this.#options;
    if (workletUrl !== undefined) {
      const url = String(workletUrl);
      await audioWorklet.addModule(url).catch((cause) => {
        throw workletRefused(url, cause);
      });
      return;
    }
    const { default: code } = await inlineWorklet.load();
    const url = scriptUrl(code);
    try {
      await audioWorklet.addModule(url);
    } catch (cause) {
      throw workletRefused(undefined, cause);
    } finally {
      URL.revokeObjectURL(url);
    }
  }

  /** A page that nobody has touched may play nothing: the context stays suspended, and nothing is lost. */
  #watch(): void {
    if (this.#context.state === "running") {
      this.#tellClock();
      this.#observer.onBlocked(false);
      return;
    }
    if (this.#scope.disposed) return;
    this.#context.resume().catch(() => {});
    this.#scope.timeout(
      BLOCKED_AFTER_MS,
      () => {
        if (this.#context.state !== "running") this.#observer.onBlocked(true);
      },
      "playback context start",
    );
  }

  /** A clock that stands still says nothing of when what it renders will be heard. */
  #tellClock(): void {
    const { state, currentTime } = this.#context;
    const { halfDuplex } = this.#options;
    if (halfDuplex === undefined || state !== "running") return;
    this.#observer.onClock({
      zeroMs: performance.now() - currentTime * 1_000,
      holdMs: halfDuplex.holdMs + latencyOf(this.#context),
    });
  }

  #command(command: PlayerCommand, transfer: readonly Transferable[] = []): void {
    this.#node?.port.postMessage(command, [...transfer]);
  }
}

/** In milliseconds, as far as the browser knows it: not every one has both figures. */
function latencyOf({ baseLatency, outputLatency }: Partial<AudioContext>): number {
  const seconds = (baseLatency ?? 0) + (outputLatency ?? 0);
  return seconds > 0 ? Math.min(seconds * 1_000, MAX_LATENCY_MS) : 0;
}
