import { onTestFinished, vi } from "vitest";

export interface FakeEncoderBehaviour {
  /** What the header says of the run-in, in samples at 48 kHz; `undefined`: there is no header. */
  preSkip: number | undefined;
  /** As in a packet's first byte: which codec and frame length. */
  config: number;
  /** Packets that are swallowed, from now on. */
  swallow: number;
  /** Packets wait until {@link FakeAudioEncoder.release}. */
  stalled: boolean;
}

interface Data {
  readonly sampleRate: number;
  readonly numberOfFrames: number;
  readonly numberOfChannels: number;
  readonly timestamp: number;
  readonly data: Uint8Array;
}

/** A WebCodecs encoder whose packets are numbered, that shows what it was given, and that answers later, as real ones do. */
export class FakeAudioEncoder {
  static readonly all: FakeAudioEncoder[] = [];
  static behaviour: FakeEncoderBehaviour;
  static supported: boolean | "throws" = true;
  state: "unconfigured" | "configured" | "closed" = "unconfigured";
  encodeQueueSize = 0;
  /** Each time it was configured, with the blocks that came then. */
  readonly runs: { readonly config: AudioEncoderConfig; readonly blocks: Data[] }[] = [];
  readonly #init: AudioEncoderInit;
  readonly #jobs: (() => void)[] = [];
  #isNew = true;
  #epoch = 0;

  constructor(init: AudioEncoderInit) {
    this.#init = init;
    FakeAudioEncoder.all.push(this);
  }

  static async isConfigSupported(config: AudioEncoderConfig) {
    if (FakeAudioEncoder.supported === "throws") throw new TypeError("What is this?");
    return { supported: FakeAudioEncoder.supported, config };
  }

  configure(config: AudioEncoderConfig): void {
    this.#demand();
    this.state = "configured";
    this.#isNew = true;
    this.runs.push({ config, blocks: [] });
  }

  encode(data: Data): void {
    this.#demand();
    this.runs.at(-1)?.blocks.push({ ...data, data: data.data.slice() });
    this.encodeQueueSize += 1;
    const { behaviour } = FakeAudioEncoder;
    this.#later(() => {
      this.encodeQueueSize -= 1;
      if (behaviour.swallow > 0) behaviour.swallow -= 1;
      else this.#output();
    });
  }

  /** As real ones do, it adds a packet of what is left of its run-in. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      const epoch = this.#epoch;
      this.#later(() => {
        if (epoch !== this.#epoch || this.state === "closed") reject(new DOMException("Aborted.", "AbortError"));
        else {
          this.#output();
          resolve();
        }
      });
    });
  }

  reset(): void {
    this.#demand();
    this.#epoch += 1;
    this.#jobs.length = 0;
    this.state = "unconfigured";
  }

  close(): void {
    this.#demand();
    this.state = "closed";
  }

  /** The encoder gives up, as one does whose process has ended. */
  fail(message: string): void {
    this.state = "closed";
    this.#init.error(new DOMException(message, "EncodingError"));
  }

  /** Brings out what was held back. */
  release(): void {
    FakeAudioEncoder.behaviour.stalled = false;
    for (const job of this.#jobs.splice(0)) job();
  }

  #later(job: () => void): void {
    if (FakeAudioEncoder.behaviour.stalled) this.#jobs.push(job);
    else queueMicrotask(() => queueMicrotask(job));
  }

  #output(): void {
    if (this.state === "closed") return;
    const { preSkip, config } = FakeAudioEncoder.behaviour;
    const bytes = Uint8Array.of(config << 3, this.runs.length);
    const chunk = { byteLength: bytes.byteLength, copyTo: (to: Uint8Array) => to.set(bytes) };
    const head = new Uint8Array(19);
    new DataView(head.buffer).setUint16(10, preSkip ?? 0, true);
    const decoderConfig = { codec: "opus", sampleRate: 48_000, numberOfChannels: 1, description: head.buffer };
    const metadata = this.#isNew && preSkip !== undefined ? { decoderConfig } : {};
    this.#isNew = false;
    this.#init.output(chunk as unknown as EncodedAudioChunk, metadata);
  }

  #demand(): void {
    if (this.state === "closed") throw new DOMException("The encoder is closed.", "InvalidStateError");
  }
}

/** Puts the fake in place of the browser's for one test; 20 ms packets with the run-in of libopus unless told. */
export function fakeAudioEncoder(behaviour: Partial<FakeEncoderBehaviour> = {}): typeof FakeAudioEncoder {
  FakeAudioEncoder.all.length = 0;
  FakeAudioEncoder.supported = true;
  FakeAudioEncoder.behaviour = { preSkip: 312, config: 1, swallow: 0, stalled: false, ...behaviour };
  vi.stubGlobal("AudioEncoder", FakeAudioEncoder);
  vi.stubGlobal(
    "AudioData",
    class {
      constructor(init: object) {
        Object.assign(this, init);
      }
      close(): void {}
    },
  );
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  return FakeAudioEncoder;
}
