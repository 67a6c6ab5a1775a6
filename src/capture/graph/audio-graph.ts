import type { AudioStreamError } from "../../errors.js";
import { withSignal } from "../../internal/abort.js";
import { deferred } from "../../internal/deferred.js";
import type { Registration, Scope } from "../../internal/scope.js";
import { withinWakingTime } from "../../internal/waking-time.js";
import type { ProcessorCommand, ProcessorFrame, ProcessorSettings } from "../../worklet/port-messages.js";
import { captureFailed, messageOf, workletLoadTimedOut } from "../media-errors.js";
import type { AudioFrame } from "../source.js";
import type { CaptureTimeline } from "./capture-timeline.js";
import { ContextClock } from "./context-clock.js";
import { ProcessorClient } from "./processor/processor-client.js";
import { loadCaptureWorklet, WORKLET_TIMEOUT_MS } from "./processor/worklet-loader.js";
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
  /** Whether the tracks are the caller's, who may have them from elsewhere than a microphone. */
  readonly given: boolean;
  readonly settings: ProcessorSettings;
  readonly timeline: CaptureTimeline;
  /** Before a frame gets its position. */
  onFrameArrived(): void;
  onFrame(frame: AudioFrame): void;
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
  /** From the processor's positions to the stream's; `undefined` until the next frame tells. */
  #offset: number | undefined;
  #frames = 0;

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

  get hasProcessor(): boolean {
    return this.#processor !== undefined;
  }

  /** @throws AudioStreamError `worklet-load-failed`, or the reason of the scope's end. */
  async load(): Promise<void> {
    const { workletUrl } = this.#options;
    const load = loadCaptureWorklet(this.scope, this.context, workletUrl);
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
    this.rebase();
    const scope = this.scope.child("processor");
    const client = new ProcessorClient(scope, this.context, this.#options.settings, {
      onFrame: (frame) => this.#onFrame(frame),
      onFailed: () => this.#options.onProcessorFailed(),
    });
    this.#processor = { scope, client };
  }

  /** Time has passed that the processor did not count, because its context stood still. */
  rebase(): void {
    this.#clock.reset();
    this.#offset = undefined;
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

  #onFrame({ payload, sampleCount, contextTime, peak, rms, ...frame }: ProcessorFrame): void {
    const { timeline, onFrameArrived, onFrame } = this.#options;
    onFrameArrived();
    const timestamp = this.#clock.toTimestamp(contextTime);
    this.#offset ??= timeline.positionAt(timestamp) - frame.position;
    const position = this.#offset + frame.position;
    this.#frames += 1;
    timeline.advance(position, sampleCount, timestamp);
    onFrame({ payload: new Uint8Array(payload), position, sampleCount, timestamp, peakLevel: peak, rmsLevel: rms });
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
