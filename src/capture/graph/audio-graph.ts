import type { AudioStreamError } from "../../errors.js";
import { withSignal } from "../../internal/abort.js";
import { deferred } from "../../internal/deferred.js";
import type { Registration, Scope } from "../../internal/scope.js";
import { withinWakingTime } from "../../internal/waking-time.js";
import type { ProcessorCommand, ProcessorSettings } from "../../worklet/port-messages.js";
import type { FrameInlet } from "../inlet/frame-inlet.js";
import { captureFailed, messageOf, workletLoadTimedOut } from "../media-errors.js";
import { ContextClock } from "./context-clock.js";
import type { CaptureModule } from "./processor/capture-module.js";
import { ProcessorClient, type ProcessorProgress } from "./processor/processor-client.js";
import { loadCaptureWorklet, WORKLET_TIMEOUT_MS } from "./processor/worklet-loader.js";
import type { Progress } from "./progress-watch.js";
import { playSilently } from "./silent-player.js";

/** How long opening waits for the context to run; one that starts later is an interruption until then. */
const START_TIMEOUT_MS = 500;

/** What sound is taken from: a track, or a node of the caller's own graph. */
export type Sound = MediaStreamTrack | AudioNode;

/** What every graph of a capture is made with. */
export interface GraphOptions {
  /** Used, and never closed, instead of a context of its own. */
  readonly audioContext?: AudioContext | undefined;
  readonly workletUrl?: string | URL | undefined;
  /** What runs on the audio thread. */
  readonly module: CaptureModule;
  /** Whether the tracks are the caller's, who may have them from elsewhere than a microphone. */
  readonly given: boolean;
  readonly settings: ProcessorSettings;
  /** Where the frames go. */
  readonly inlet: FrameInlet;
  /** Frames have come. @param peak the loudest sample of them, linear, from 0. */
  onHeard(peak: number): void;
  /** Something went wrong that does not keep the graph from delivering. */
  onWarning(error: AudioStreamError): void;
  /** The processor threw, and does nothing any more. */
  onProcessorFailed(): void;
}

/** From sound to frames: an audio context, the node that the sound comes out of, and the processor. Ends with its scope. */
export class AudioGraph {
  readonly scope: Scope;
  readonly context: AudioContext;
  /** Whether the context is the graph's own. */
  readonly own: boolean;
  readonly #options: GraphOptions;
  readonly #clock: ContextClock;
  readonly #running: Promise<void>;
  #processor: { readonly scope: Scope; readonly client: ProcessorClient } | undefined;
  #source: AudioNode | undefined;
  /** Whether the source is to be led to the processor. */
  #open = false;
  /** Leads the source to the processor. */
  #lead: Registration | undefined;
  /** Plays a given track. */
  #player: Scope | undefined;
  /** Of the first device whose rate is known, in Hz. */
  #deviceRate: number | undefined;
  #frames = 0;
  /** Frames wait until it is known where they belong. */
  #isHolding = false;

  /**
   * Creates and starts the context at once, while the person's gesture counts.
   * @throws AudioStreamError `capture-failed`.
   */
  constructor(scope: Scope, options: GraphOptions) {
    this.scope = scope;
    this.#options = options;
    this.own = options.audioContext === undefined;
    this.context = options.audioContext === undefined ? ownContext(scope) : givenContext(options.audioContext);
    this.#clock = new ContextClock(this.context);
    this.#running = this.context.state === "suspended" ? this.context.resume() : Promise.resolve();
    this.#running.catch(() => {});
  }

  /** How many frames have come. */
  get frames(): number {
    return this.#frames;
  }

  /**
   * Whether sound should come: not if the person has not let the page's audio start yet, or the system has taken it.
   * @param woken whether the person has touched the page since the context was suspended.
   */
  shouldRun(woken: boolean): boolean {
    if (this.context.state === "running") return true;
    const mayRun = woken || navigator.userActivation?.hasBeenActive === true;
    return this.own && this.context.state === "suspended" && document.visibilityState === "visible" && mayRun;
  }

  /** @param isDue whether sound should come. @param isMuted whether its track is. */
  progress({ isDue, isMuted }: { readonly isDue: boolean; readonly isMuted: boolean }): Progress {
    return {
      clock: isDue ? this.context.currentTime : undefined,
      // Another's context cannot be built anew.
      frames: isDue && !isMuted && this.own ? this.#frames : undefined,
    };
  }

  get hasProcessor(): boolean {
    return this.#processor !== undefined;
  }

  /** @throws AudioStreamError `worklet-load-failed`, or the reason of the scope's end. */
  async load(): Promise<void> {
    const { workletUrl, module } = this.#options;
    const load = loadCaptureWorklet(this.scope, this.context, workletUrl, module);
    const fallback = await withinWakingTime(this.scope, WORKLET_TIMEOUT_MS, load, {
      resource: "audio-thread module",
      late: () => workletLoadTimedOut(workletUrl, WORKLET_TIMEOUT_MS),
    });
    if (fallback !== undefined) this.#options.onWarning(fallback);
  }

  /** Resolves once the context runs, or after a moment: without a gesture, browsers leave its start pending for ever. */
  async started(): Promise<void> {
    const { promise: moment, resolve } = deferred<void>();
    const timer = this.scope.timeout(START_TIMEOUT_MS, resolve, "audio context start");
    try {
      await withSignal(Promise.race([this.#running.catch(() => {}), moment]), this.scope.signal);
    } finally {
      timer.dispose();
    }
  }

  /** Begins a processor, in place of the one before, and leads the sound to it. @throws AudioStreamError `capture-failed`. */
  begin(): void {
    this.#addProcessor();
    this.open();
  }

  /**
   * Makes a source and a processor that hear nothing before {@link open}, so that what can fail has failed by then.
   * @throws AudioStreamError `capture-failed`.
   */
  prepare(sound: Sound | undefined): void {
    if (sound !== undefined) this.connect(sound);
    this.#addProcessor();
  }

  /** Leads the sound to the processor from now on. */
  open(): void {
    this.#open = true;
    this.#connect();
  }

  /** Lets the processor go, which has failed. */
  dropProcessor(): void {
    this.#lead?.dispose();
    void this.#processor?.scope.dispose();
    this.#processor = undefined;
  }

  #addProcessor(): void {
    this.dropProcessor();
    const scope = this.scope.child("processor");
    const client = new ProcessorClient(scope, this.context, this.#options, {
      onProgress: (progress) => this.#onProgress(progress),
      onFailed: () => this.#options.onProcessorFailed(),
    });
    this.#processor = { scope, client };
    this.rebase();
  }

  /** Time has passed that the processor did not count, because its context stood still. */
  rebase(): void {
    this.#clock.reset();
    this.#processor?.client.rebase();
    this.hold();
  }

  /** The context may stand still. What it delivers next waits until that is known. */
  hold(): void {
    this.#isHolding = true;
    this.#processor?.client.hold();
  }

  /** Resolves when the processor, if there is one, has obeyed, or cannot any more. */
  async command(type: ProcessorCommand["type"]): Promise<void> {
    await this.#processor?.client.command(type);
  }

  /**
   * Whether the context's rate suits the device: not where the browser would have chosen another for it. Some say 0, or
   * nothing, and convert by themselves.
   */
  suits(track: MediaStreamTrack): boolean {
    const rate = rateOf(track);
    const changed = rate !== undefined && this.#deviceRate !== undefined && rate !== this.#deviceRate;
    return !this.own || !changed || rate === this.context.sampleRate;
  }

  /** Leads the sound to the processor, in place of the one before. @throws AudioStreamError `capture-failed`. */
  connect(sound: Sound): void {
    if (isNode(sound)) {
      this.#use(sound);
      return;
    }
    const stream = new MediaStream([sound]);
    this.#use(this.#sourceOf(stream));
    this.#deviceRate ??= rateOf(sound);
    if (!this.#options.given) return;
    this.#player = this.scope.child("given track");
    playSilently(this.#player, stream);
  }

  #use(source: AudioNode): void {
    // Before the other is connected, so that no quantum mixes the two.
    this.disconnect();
    this.#source = source;
    this.#connect();
  }

  disconnect(): void {
    this.#lead?.dispose();
    void this.#player?.dispose();
    this.#source = undefined;
  }

  #connect(): void {
    const source = this.#source;
    const node = this.#processor?.client.node;
    if (!this.#open || source === undefined || node === undefined) return;
    source.connect(node);
    // The registration also keeps the source alive: engines have collected sources that nothing refers to.
    this.#lead = this.scope.defer("microphone source node", () => source.disconnect(node));
  }

  #sourceOf(stream: MediaStream): AudioNode {
    try {
      return this.context.createMediaStreamSource(stream);
    } catch (cause) {
      throw captureFailed(
        `The microphone could not be connected to the audio context: ${messageOf(cause)} Where you give the audioContext, ` +
          "create it without a sampleRate, because Firefox does not connect devices of another rate.",
        cause,
      );
    }
  }

  #onProgress({ frames, peak }: ProcessorProgress): void {
    this.#frames += frames;
    this.#options.onHeard(peak);
    const client = this.#processor?.client;
    client?.setClock(this.#clock.read());
    if (this.#isHolding) client?.release();
    this.#isHolding = false;
  }
}

export function isNode(sound: object): sound is AudioNode {
  return "context" in sound && "connect" in sound;
}

/** Whether it is a track that delivers nothing for now. */
export function isMuted(sound: Sound | undefined): boolean {
  return sound !== undefined && !isNode(sound) && sound.muted;
}

function rateOf(track: MediaStreamTrack): number | undefined {
  return track.getSettings().sampleRate || undefined;
}

function givenContext(context: AudioContext): AudioContext {
  if (context.state === "closed") throw captureFailed("The given audioContext is closed. Give one that is not.");
  return context;
}

function ownContext(scope: Scope): AudioContext {
  try {
    // At the device's own rate: Firefox refuses microphones of another one, and a forced one is converted badly elsewhere.
    const context = new AudioContext();
    scope.defer("audio context", () => (context.state === "closed" ? undefined : context.close()));
    return context;
  } catch (cause) {
    throw captureFailed(`The browser could not start an audio context: ${messageOf(cause)}`, cause);
  }
}
