import type { AudioStreamError } from "../../errors.js";
import { withSignal } from "../../internal/abort.js";
import { Scope } from "../../internal/scope.js";
import { GraphSupervisor } from "../graph/graph-supervisor.js";
import { CAPTURE_MODULE } from "../graph/processor/capture-module.js";
import { processorSettings } from "../graph/processor/processor-settings.js";
import { CaptureInlet } from "../inlet/capture-inlet.js";
import { Interruptions } from "../interruptions.js";
import { givenTrackEnded, insecureContext, noMediaDevices, unsupported } from "../media-errors.js";
import { missingCaptureFeatures } from "../requirements.js";
import type { AudioCapture, SourceOpenOptions } from "../source.js";
import { type CaptureOptions, givenSound, type TrackFollower } from "./capture-options.js";
import { acquireFirst } from "./devices/acquisition.js";
import { DeviceSupervisor } from "./devices/device-supervisor.js";
import { checkMicrophoneOptions } from "./microphone-options.js";

/** An open microphone, or sound that was given: led to the processor on the audio thread, and kept so. */
export class MicrophoneCapture implements AudioCapture {
  readonly #scope: Scope;
  readonly #options: SourceOpenOptions;
  readonly #asked: CaptureOptions;
  readonly #graph: GraphSupervisor;
  readonly #device: DeviceSupervisor;
  #follower: TrackFollower | undefined;
  #finishing: Promise<void> | undefined;
  /** The owner asked for the end, and need not be told of it. */
  #stopped = false;

  /** @throws AudioStreamError, or `signal.reason` when aborted; either way nothing stays open. */
  static async open(asked: CaptureOptions, options: SourceOpenOptions): Promise<MicrophoneCapture> {
    options.signal.throwIfAborted();
    checkRequirements(asked);
    const scope = options.scope?.child("microphone") ?? new Scope({ name: "microphone" });
    scope.follow(options.signal, (reason) => void scope.dispose(reason));
    try {
      // Everything that needs the person's gesture happens before the first wait.
      const capture = new MicrophoneCapture(scope, asked, options);
      await capture.#open();
      return capture;
    } catch (error) {
      await scope.dispose(error);
      throw error;
    }
  }

  /** Creates and starts the audio context; {@link open} waits for the rest. */
  constructor(scope: Scope, asked: CaptureOptions, options: SourceOpenOptions) {
    const settings = processorSettings(asked.channels, options);
    const interruptions = new Interruptions((reason) => {
      this.#device.sound.doubt();
      options.onInterrupt(reason);
    });
    this.#scope = scope;
    this.#options = options;
    this.#asked = asked;
    const common = { scope, interruptions, asked };
    this.#graph = new GraphSupervisor({
      ...common,
      settings,
      module: options.gate?.module ?? CAPTURE_MODULE,
      // A source that stands between the stream and this one gets the frames itself.
      inlet:
        options.inlet?.onFrame === options.onFrame
          ? options.inlet
          : new CaptureInlet(settings.sampleRate, (frame) => options.onFrame(frame)),
      onHeard: (peak) => this.#device.sound.heard(peak),
      onWarning: (error) => options.onWarning(error),
      onFailed: (error) => this.#fail(error),
    });
    this.#device = new DeviceSupervisor({
      ...common,
      sink: this.#graph,
      onDeviceChange: (track, reason) => options.onDeviceChange(track, reason),
      onWarning: (error) => options.onWarning(error),
      onFailed: (error) => {
        if (this.#follower === undefined) void this.#end(error);
        else this.#follower.ended();
      },
    });
  }

  get track(): MediaStreamTrack | undefined {
    return this.#device.track;
  }

  pause(releaseDevice: boolean): Promise<void> {
    return this.#bounded(this.#device.pause(releaseDevice));
  }

  resume(signal?: AbortSignal): Promise<void> {
    // At once, while the person's gesture still counts.
    this.#graph.wake();
    return this.#bounded(this.#device.resume(signal));
  }

  flush(): Promise<void> {
    return this.#bounded(this.#graph.flush());
  }

  async setDevice(deviceId: ConstrainDOMString | undefined, signal?: AbortSignal): Promise<void> {
    if (givenSound(this.#asked) !== undefined) {
      throw unsupported("setDevice", "This stream captures what it was given, and has no devices to choose from.");
    }
    checkMicrophoneOptions({ deviceId });
    await this.#bounded(this.#device.setDevice(deviceId, signal));
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#finish(new DOMException("The microphone was stopped.", "AbortError"));
  }

  async #open(): Promise<void> {
    const { node } = this.#asked;
    if (node !== undefined) {
      await this.#graph.load();
      await this.#graph.begin(node);
      return;
    }
    const device = this.#scope.child("device");
    const [acquired] = await withSignal(
      Promise.all([acquireFirst(device, this.#asked), this.#graph.load()]),
      this.#scope.signal,
    );
    await this.#graph.begin(acquired.track);
    this.#device.begin(device, acquired);
    if (this.#scope.disposed) return;
    this.#follower = this.#asked.follow?.({
      scope: this.#scope,
      current: () => this.#device.track,
      follow: (track) => this.#device.follow(track),
      onEnded: () => void this.#end(givenTrackEnded()),
    });
  }

  /** Waits no longer than the capture lives. A caller who does not wait is not troubled by its end. */
  #bounded(call: Promise<void>): Promise<void> {
    const bounded = withSignal(call, this.#scope.signal);
    bounded.catch(() => {});
    return bounded;
  }

  /** Lets the processor deliver what it holds, then releases everything. */
  #finish(reason: unknown): Promise<void> {
    this.#finishing ??= this.#drainAndRelease(reason);
    return this.#finishing;
  }

  async #drainAndRelease(reason: unknown): Promise<void> {
    this.#device.end();
    await this.#graph.stop();
    await this.#scope.dispose(reason);
  }

  /** No more is to be heard: delivers what was. */
  async #end(error: AudioStreamError): Promise<void> {
    await this.#finish(error);
    if (this.#scope.signal.reason === error) this.#tellEnd(error);
  }

  /** Nothing more can come from the audio thread. */
  #fail(error: AudioStreamError): void {
    void this.#scope.dispose(error);
    this.#tellEnd(error);
  }

  #tellEnd(error: AudioStreamError): void {
    if (!this.#stopped) this.#options.onEnd(error);
  }
}

function checkRequirements(asked: CaptureOptions): void {
  const missing = missingCaptureFeatures();
  if (missing.includes("secure-context")) throw insecureContext();
  if (missing.includes("audio-worklet")) {
    throw unsupported("audio-worklet", "This browser has no AudioWorklet. Use a current version of any large browser.");
  }
  if (missing.includes("media-devices") && givenSound(asked) === undefined) throw noMediaDevices();
}
