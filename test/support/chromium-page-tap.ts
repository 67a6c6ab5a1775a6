import type { MonoAudio } from "./wav.js";

declare global {
  /**
   * Defined in pages that run {@link tapMicrophone} first: what has come in so far of each microphone that was opened, as
   * base64 of 32-bit floats. By default its left channel.
   */
  var tapped: (channel?: TappedChannel) => TappedAudio[];
}

/** A microphone with one channel has it as `left` and as `right`. */
export type TappedChannel = "left" | "right" | "mix";

/** In a form that leaves the page. */
export interface TappedAudio {
  readonly sampleRate: number;
  readonly base64: string;
}

export function audioOf({ sampleRate, base64 }: TappedAudio): MonoAudio {
  const bytes = Buffer.from(base64, "base64");
  const samples = Float64Array.from({ length: bytes.byteLength / 4 }, (_, i) => bytes.readFloatLE(i * 4));
  return { samples, sampleRate };
}

/**
 * Records what the browser's microphone gives to the page, beside whatever else listens to it: engines themselves leave out or repeat some milliseconds on a busy machine, WebKitGTK on each channel at another time,
 * and nobody behind them can be blamed for that. Runs in the page before any script of its own, as text: it must use
 * nothing from outside itself.
 */
export function tapMicrophone(): void {
  const module = `registerProcessor("tap", class extends AudioWorkletProcessor {
    #left = new Float32Array(1024);
    #right = new Float32Array(1024);
    #filled = 0;

    process([[left, right = left]]) {
      if (left === undefined) return true;
      for (let i = 0; i < left.length; i++) {
        this.#left[this.#filled] = left[i];
        this.#right[this.#filled++] = right[i];
        if (this.#filled < this.#left.length) continue;
        this.port.postMessage([this.#left, this.#right]);
        this.#filled = 0;
      }
      return true;
    }
  });`;
  const taps: { readonly sampleRate: number; readonly pieces: [Float32Array, Float32Array][] }[] = [];
  globalThis.AudioContext = class extends AudioContext {
    readonly #loaded = this.audioWorklet.addModule(
      URL.createObjectURL(new Blob([module], { type: "text/javascript" })),
    );

    constructor(options?: AudioContextOptions) {
      super(options);
      const { audioWorklet } = this;
      const addModule = audioWorklet.addModule.bind(audioWorklet);
      // One after the other: the main thread of WebKitGTK 2.50 has waited for ever where two modules loaded at once.
      audioWorklet.addModule = async (...args) => {
        await this.#loaded;
        await addModule(...args);
      };
    }

    override createMediaStreamSource(stream: MediaStream): MediaStreamAudioSourceNode {
      const source = super.createMediaStreamSource(stream);
      const pieces: [Float32Array, Float32Array][] = [];
      taps.push({ sampleRate: this.sampleRate, pieces });
      this.#loaded.then(() => {
        const tap = new AudioWorkletNode(this, "tap");
        tap.port.onmessage = ({ data }: MessageEvent<[Float32Array, Float32Array]>) => pieces.push(data);
        source.connect(tap).connect(this.destination);
      });
      return source;
    }
  };
  const pick = ([left, right]: [Float32Array, Float32Array], channel: TappedChannel): Float32Array => {
    if (channel !== "mix") return channel === "left" ? left : right;
    return left.map((sample, i) => (sample + (right[i] ?? 0)) / 2);
  };
  globalThis.tapped = (channel = "left") =>
    taps.map(({ sampleRate, pieces }) => {
      const picked = pieces.map((piece) => pick(piece, channel));
      const bytes = picked.map((piece) => new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
      return { sampleRate, base64: btoa(bytes.map((piece) => String.fromCharCode(...piece)).join("")) };
    });
}
