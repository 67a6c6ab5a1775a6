/**
 * A browser's audio half for happy-dom: devices, prompts, tracks, contexts and worklet nodes that run the real
 * processor's pipeline, driven by hand. `installFakeAudio()` puts it in place, `uninstall()` takes it away again.
 */
import { CapturePipeline, type CapturePipelineClass, type Pipeline } from "../../src/worklet/capture-pipeline.js";
import { GatedPipeline } from "../../src/worklet/gate/gated-pipeline.js";
import { GATED_PROCESSOR_NAME } from "../../src/worklet/gate/gated-processor-name.js";
import { Outlet } from "../../src/worklet/outlet.js";
import {
  PROCESSOR_NAME,
  type ProcessorAttach,
  type ProcessorCommand,
  type ProcessorMessage,
  type ProcessorSettings,
} from "../../src/worklet/port-messages.js";
import { recordResource } from "./resource-monitor.js";

const QUANTUM = 128;

/** A microphone that is plugged in. */
export interface FakeDevice {
  readonly deviceId: string;
  readonly groupId?: string;
  readonly label?: string;
  /** Hz. @defaultValue 48_000 */
  readonly sampleRate?: number;
  /** Its tracks are muted from the beginning. */
  readonly muted?: boolean;
  /** Its tracks give only zeros. */
  readonly silent?: boolean;
}

export const HEADSET: FakeDevice = { deviceId: "headset", groupId: "usb", label: "Headset" };
export const BUILT_IN: FakeDevice = { deviceId: "built-in", groupId: "board", label: "Built-in" };

/** As Chromium lists the device that the system has chosen as its default. */
export const defaultOf = ({ groupId = "", label }: FakeDevice): FakeDevice => ({
  deviceId: "default",
  groupId,
  label: `Default - ${label}`,
});

/** How a prompt is answered: granted at once, left to the test, or refused with an error. */
export type FakeAnswer = "grant" | "hold" | Error | DOMException;

export class FakeTrack extends EventTarget {
  readonly kind = "audio";
  readonly device: FakeDevice | undefined;
  readyState: MediaStreamTrackState = "live";
  muted: boolean;
  /** It gives only zeros, whatever is rendered. */
  silent: boolean;
  /** Whether the page has it. Nobody could stop it before. */
  received = false;
  stopCalls = 0;

  constructor(device?: FakeDevice) {
    super();
    this.device = device;
    this.muted = device?.muted ?? false;
    this.silent = device?.silent ?? false;
  }

  get label(): string {
    return this.device?.label ?? "";
  }

  stop(): void {
    this.stopCalls += 1;
    this.readyState = "ended";
  }

  /** The device goes away. */
  end(): void {
    this.readyState = "ended";
    this.dispatchEvent(new Event("ended"));
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.dispatchEvent(new Event(muted ? "mute" : "unmute"));
  }

  getSettings(): MediaTrackSettings {
    const { deviceId = "", groupId = "", sampleRate = 48_000 } = this.device ?? {};
    return { sampleRate, deviceId, groupId };
  }

  asTrack(): MediaStreamTrack {
    return this as unknown as MediaStreamTrack;
  }
}

export class FakeMediaStream {
  #tracks: FakeTrack[];

  constructor(tracks: FakeTrack[] = []) {
    this.#tracks = tracks;
  }

  /** As in browsers, no event tells of what the page itself adds and removes. */
  addTrack(track: FakeTrack): void {
    this.#tracks = [...this.#tracks.filter((other) => other !== track), track];
  }

  removeTrack(track: FakeTrack): void {
    this.#tracks = this.#tracks.filter((other) => other !== track);
  }

  getTracks(): FakeTrack[] {
    return [...this.#tracks];
  }

  getAudioTracks(): FakeTrack[] {
    return this.getTracks();
  }
}

/** One call of `getUserMedia`. */
export interface FakePrompt {
  readonly constraints: MediaStreamConstraints;
  /** @returns the track that the page receives. */
  grant(): FakeTrack;
  refuse(error: unknown): void;
  /** Whether the person has said yes or no. */
  answered: boolean;
}

class FakePort extends EventTarget {
  peer: ((data: unknown) => void) | undefined;
  started = false;
  closed = false;
  readonly sent: unknown[] = [];
  /** How many frames the processor has made. */
  frames = 0;

  start(): void {
    this.started = true;
  }

  close(): void {
    this.closed = true;
  }

  /** From the page to the processor. */
  postMessage(data: unknown): void {
    if (this.closed) return;
    this.sent.push(data);
    queueMicrotask(() => this.peer?.(data));
  }

  /** From the processor to the page. */
  deliver(data: ProcessorMessage): void {
    if (data.type === "frame") this.frames += 1;
    queueMicrotask(() => {
      if (this.started && !this.closed) this.dispatchEvent(new MessageEvent("message", { data }));
    });
  }
}

export class FakeNode extends EventTarget {
  readonly numberOfOutputs: number = 1;
  readonly outputs = new Set<FakeNode>();

  connect(node: FakeNode): FakeNode {
    this.outputs.add(node);
    return node;
  }

  disconnect(node?: FakeNode): void {
    if (node === undefined) this.outputs.clear();
    else if (!this.outputs.delete(node)) throw new DOMException("It is not connected.", "InvalidAccessError");
  }
}

class FakeSourceNode extends FakeNode {
  readonly context: FakeAudioContext;
  readonly track: FakeTrack | undefined;

  constructor(context: FakeAudioContext, stream: FakeMediaStream) {
    super();
    this.context = context;
    this.track = stream.getAudioTracks()[0];
  }
}

/** Shows what was rendered last, if a live track leads to it. */
class FakeAnalyserNode extends FakeNode {
  readonly fftSize: number;
  readonly #context: FakeAudioContext;

  constructor(context: FakeAudioContext, { fftSize = 2_048 }: AnalyserOptions = {}) {
    super();
    this.fftSize = fftSize;
    this.#context = context;
  }

  getFloatTimeDomainData(samples: Float32Array): void {
    samples.fill(0);
    const { sources, rendered } = this.#context;
    const leads = sources.some(
      ({ outputs, track }) => outputs.has(this) && track?.readyState === "live" && !track.silent && !track.muted,
    );
    if (leads) samples.set(rendered);
  }
}

/** What is registered once a module is there. */
const PROCESSORS = new Map<string, CapturePipelineClass>([
  [PROCESSOR_NAME, CapturePipeline],
  [GATED_PROCESSOR_NAME, GatedPipeline],
]);

export class FakeWorkletNode extends FakeNode {
  readonly port = new FakePort();
  readonly #pipeline: Pipeline;
  /** A dead audio thread answers nothing. */
  dead = false;
  /** Whether the processor still wants to be called. */
  alive = true;

  constructor(context: FakeAudioContext, name: string, options: { processorOptions: ProcessorSettings }) {
    super();
    const Processor = PROCESSORS.get(name);
    if (Processor === undefined || !context.hasModule) {
      throw new DOMException(`No processor ${name} is registered.`, "InvalidStateError");
    }
    context.nodes.push(this);
    const outlet = new Outlet((message) => this.port.deliver(message));
    this.#pipeline = new Processor(context.sampleRate, options.processorOptions, (message, transfer) =>
      outlet.send(message, transfer),
    );
    this.port.peer = (data) => {
      if (this.dead) return;
      const message = data as ProcessorCommand | ProcessorAttach;
      if (message.type !== "attach") this.#pipeline.command(message);
      else outlet.attach((made, transfer) => message.port.postMessage(made, transfer), this.#pipeline.emittedTo);
    };
  }

  render(samples: Float32Array | undefined, frame: number): void {
    if (this.alive && !this.dead) this.alive = this.#pipeline.process(samples === undefined ? [] : [samples], frame);
  }

  /** The processor throws, and is not called any more. */
  fail(): void {
    this.dead = true;
    this.dispatchEvent(new Event("processorerror"));
  }

  commands(): string[] {
    return this.port.sent.map((command) => (command as ProcessorCommand).type);
  }
}

export class FakeAudioContext extends EventTarget {
  readonly sampleRate: number;
  readonly destination = new FakeNode();
  readonly nodes: FakeWorkletNode[] = [];
  readonly sources: FakeSourceNode[] = [];
  readonly loadedUrls: string[] = [];
  readonly audioWorklet: { addModule(url: string): Promise<void> };
  state: AudioContextState | "interrupted" = "suspended";
  hasModule = false;
  frame = 0;
  /** The quantum that was rendered last. */
  rendered = new Float32Array(QUANTUM);
  resumeCalls = 0;
  closeCalls = 0;
  readonly #fake: FakeAudio;

  constructor(fake: FakeAudio) {
    super();
    this.#fake = fake;
    this.sampleRate = fake.sampleRate;
    this.audioWorklet = {
      addModule: async (url) => {
        this.loadedUrls.push(url);
        await fake.loading;
        this.hasModule = true;
      },
    };
    fake.contexts.push(this);
  }

  get currentTime(): number {
    return this.frame / this.sampleRate;
  }

  resume(): Promise<void> {
    this.resumeCalls += 1;
    if (this.state === "running") return Promise.resolve();
    if (!this.#fake.mayStart) return new Promise(() => {});
    return Promise.resolve().then(() => this.setState("running"));
  }

  close(): Promise<void> {
    this.closeCalls += 1;
    if (this.state === "closed") return Promise.reject(new DOMException("Closed already.", "InvalidStateError"));
    this.state = "closed";
    return Promise.resolve();
  }

  setState(state: FakeAudioContext["state"]): void {
    if (this.state === "closed") return;
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }

  createMediaStreamSource(stream: FakeMediaStream): FakeSourceNode {
    if (this.#fake.sourceError !== undefined) throw this.#fake.sourceError;
    const source = new FakeSourceNode(this, stream);
    this.sources.push(source);
    return source;
  }

  /**
   * Renders the samples, in whole quanta, into every node that a live track leads to, and zeros if all of its tracks are
   * silent; nothing unless running.
   */
  render(samples: Float32Array): void {
    for (let at = 0; this.state === "running" && at + QUANTUM <= samples.length; at += QUANTUM) {
      for (const node of this.nodes) {
        if (!node.outputs.has(this.destination)) continue;
        const tracks = this.sources.filter(({ outputs }) => outputs.has(node)).map(({ track }) => track);
        const live = tracks.filter((track) => track?.readyState === "live");
        const sound = live.every((track) => track?.silent)
          ? new Float32Array(QUANTUM)
          : samples.slice(at, at + QUANTUM);
        node.render(live.length > 0 ? sound : undefined, this.frame);
      }
      this.rendered = samples.slice(at, at + QUANTUM);
      this.frame += QUANTUM;
    }
  }

  asContext(): AudioContext {
    return this as unknown as AudioContext;
  }
}

export class FakeAudio {
  /** Of every context made from now on. */
  sampleRate = 48_000;
  /** How prompts are answered, or who decides it. */
  answer: FakeAnswer | ((constraints: MediaStreamConstraints) => FakeAnswer) = "grant";
  /** The platform opens one microphone at a time, and says `NotReadableError` to a second one. */
  oneAtATime = false;
  /** Nothing is granted when nothing is plugged in. */
  mustBePlugged = false;
  /** How the browser lists its devices: at once, never, or not at all. */
  listing: "answer" | "never" | Error = "answer";
  /** How long it takes to list them. */
  listingMs = 0;
  /** Whether a context may start: `false` is a page without a gesture. */
  mayStart = true;
  /** What loading a worklet module waits for; reject it to fail. */
  loading: Promise<void> = Promise.resolve();
  /** Thrown when a track is connected. */
  sourceError: unknown;
  /** Thrown when a context is made. */
  contextError: unknown;
  readonly prompts: FakePrompt[] = [];
  readonly tracks: FakeTrack[] = [];
  readonly contexts: FakeAudioContext[] = [];
  /** What is plugged in. Where nothing is, prompts are answered all the same, by a device that is not told of. */
  devices: FakeDevice[] = [];
  /** Of which the browser tells that it changed. */
  readonly mediaDevices = new EventTarget();
  /** What the browser says of the permission; `undefined`: it does not know the question. */
  readonly permission: { status: (EventTarget & { state: PermissionState }) | undefined } = { status: undefined };
  /** The browser never answers what the permission is. */
  permissionUnanswered = false;
  /** What is granted from now on gives the page the permission that it had. */
  #asksAgain = false;
  readonly #restore: (() => void)[] = [];

  get liveTracks(): FakeTrack[] {
    return this.tracks.filter(({ readyState }) => readyState === "live");
  }

  get openContexts(): FakeAudioContext[] {
    return this.contexts.filter(({ state }) => state !== "closed");
  }

  get openPorts(): FakeWorkletNode[] {
    return this.contexts.flatMap(({ nodes }) => nodes).filter(({ port }) => !port.closed);
  }

  /** The context made last. */
  get context(): FakeAudioContext {
    const context = this.contexts.at(-1);
    if (context === undefined) throw new Error("No context was made.");
    return context;
  }

  /** The worklet node made last. */
  get node(): FakeWorkletNode {
    const node = this.context.nodes.at(-1);
    if (node === undefined) throw new Error("No worklet node was made.");
    return node;
  }

  /** The track granted last. */
  get track(): FakeTrack {
    const track = this.tracks.at(-1);
    if (track === undefined) throw new Error("No track was granted.");
    return track;
  }

  newTrack(device?: FakeDevice): FakeTrack {
    const track = new FakeTrack(device);
    this.tracks.push(track);
    return track;
  }

  /** Replaces a property of the page until {@link uninstall}; `undefined` hides it. */
  define(target: object, name: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(target, name);
    Object.defineProperty(target, name, { value, configurable: true, writable: true });
    this.#restore.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, name);
      else Object.defineProperty(target, name, before);
    });
  }

  getUserMedia(constraints: MediaStreamConstraints): Promise<FakeMediaStream> {
    const answered = new Promise<FakeMediaStream>((resolve, reject) => {
      const prompt: FakePrompt = {
        constraints,
        answered: false,
        grant: () => {
          prompt.answered = true;
          const device = this.#deviceFor(constraints);
          if (device instanceof Error) {
            reject(device);
            return new FakeTrack();
          }
          if (this.#asksAgain) this.setPermission("granted");
          this.#asksAgain = false;
          const track = this.newTrack(device);
          recordResource("microphone track", "of a fake device", () => track.readyState === "live");
          resolve(new FakeMediaStream([track]));
          return track;
        },
        refuse: (error) => {
          prompt.answered = true;
          reject(error);
        },
      };
      this.prompts.push(prompt);
      const answer = typeof this.answer === "function" ? this.answer(constraints) : this.answer;
      if (answer === "grant") prompt.grant();
      else if (answer !== "hold") prompt.refuse(answer);
    });
    const onReceived = (stream: FakeMediaStream): void => {
      for (const track of stream.getTracks()) track.received = true;
    };
    answered.then(onReceived, () => {});
    return answered;
  }

  /** Plugs devices in, and nothing else: what is captured from others ends. */
  plug(...devices: FakeDevice[]): void {
    this.devices = devices;
    for (const track of this.liveTracks) {
      if (track.device !== undefined && !devices.some(({ deviceId }) => deviceId === track.device?.deviceId))
        track.end();
    }
    this.mediaDevices.dispatchEvent(new Event("devicechange"));
  }

  /** The browser lists these from now on, and says so; tracks go on as they are. */
  relist(...devices: FakeDevice[]): void {
    this.devices = devices;
    this.mediaDevices.dispatchEvent(new Event("devicechange"));
  }

  setPermission(state: PermissionState): void {
    const { status } = this.permission;
    if (status === undefined) this.permission.status = Object.assign(new EventTarget(), { state });
    else {
      status.state = state;
      status.dispatchEvent(new Event("change"));
    }
  }

  /**
   * The page is kept for the back button, and comes back after `awayMs`. As in WebKit its tracks have ended then, and it has
   * to ask again for the permission.
   */
  async leaveAndReturn(awayMs = 0): Promise<void> {
    const tracks = this.liveTracks;
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: true }));
    if (awayMs > 0) await new Promise((resolve) => setTimeout(resolve, awayMs));
    this.#asksAgain = this.permission.status?.state === "granted";
    if (this.#asksAgain) this.setPermission("prompt");
    for (const track of tracks) track.readyState = "ended";
    window.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    for (const track of tracks) track.end();
  }

  /** Only `exact` selects, as in Chromium; without it the first one is the browser's choice. */
  #deviceFor({ audio }: MediaStreamConstraints): FakeDevice | Error | undefined {
    const wanted = typeof audio === "object" ? audio.deviceId : undefined;
    const exact = typeof wanted === "object" && !Array.isArray(wanted) ? wanted.exact : undefined;
    const chosen = this.devices.find(({ deviceId }) => deviceId === exact);
    if (this.oneAtATime && this.liveTracks.length > 0) return new DOMException("It is in use.", "NotReadableError");
    if (this.devices.length === 0) {
      return this.mustBePlugged ? new DOMException("There is none.", "NotFoundError") : undefined;
    }
    return exact === undefined ? this.devices[0] : (chosen ?? overconstrained("deviceId"));
  }

  uninstall(): void {
    for (const restore of this.#restore.splice(0).reverse()) restore();
  }
}

export function installFakeAudio(): FakeAudio {
  const fake = new FakeAudio();
  fake.define(globalThis, "isSecureContext", true);
  fake.define(globalThis, "MediaStream", FakeMediaStream);
  fake.define(globalThis, "AudioWorkletNode", FakeWorkletNode);
  fake.define(globalThis, "AnalyserNode", FakeAnalyserNode);
  fake.define(
    globalThis,
    "AudioContext",
    class extends FakeAudioContext {
      constructor() {
        if (fake.contextError !== undefined) throw fake.contextError;
        super(fake);
        recordResource("audio context", "a fake one", () => this.state !== "closed");
      }
    },
  );
  const mediaDevices = Object.assign(fake.mediaDevices, {
    getUserMedia: (constraints: MediaStreamConstraints) => fake.getUserMedia(constraints),
    enumerateDevices: async () => {
      if (fake.listing === "never") return new Promise(() => {});
      if (fake.listing !== "answer") throw fake.listing;
      if (fake.listingMs > 0) await new Promise((resolve) => setTimeout(resolve, fake.listingMs));
      return [
        ...fake.devices.map(({ deviceId, groupId = "", label = "" }) => ({
          kind: "audioinput",
          deviceId,
          groupId,
          label,
        })),
        { kind: "audiooutput", deviceId: "speaker", groupId: "", label: "Speaker" },
      ];
    },
  });
  fake.define(globalThis.navigator, "mediaDevices", mediaDevices);
  fake.define(globalThis.navigator, "permissions", {
    query: async () => {
      if (fake.permissionUnanswered) return new Promise(() => {});
      if (fake.permission.status === undefined) throw new TypeError("This name is not known.");
      return fake.permission.status;
    },
  });
  return fake;
}

/** An `OverconstrainedError`, which happy-dom does not have. */
export function overconstrained(constraint: string): Error {
  return Object.assign(new Error(`No device fits ${constraint}.`), { name: "OverconstrainedError", constraint });
}
