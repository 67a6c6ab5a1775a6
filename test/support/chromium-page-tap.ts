declare global {
  /** Defined in pages that run {@link tapMicrophone} first: what has come in so far, as base64 of 32-bit floats. */
  var tapped: () => { readonly sampleRate: number; readonly base64: string };
}

/**
 * Records what the browser's microphone gives to the page, beside whatever else listens to it: Chromium's fake device
 * itself leaves out or repeats some milliseconds on a busy machine, and nobody behind it can be blamed for that. Runs in
 * the page before any script of its own, as text: it must use nothing from outside itself.
 */
export function tapMicrophone(): void {
  const module = `registerProcessor("tap", class extends AudioWorkletProcessor {
    process([input]) {
      if (input.length > 0) this.port.postMessage(input[0].slice());
      return true;
    }
  });`;
  const pieces: Float32Array[] = [];
  let sampleRate = 0;
  globalThis.AudioContext = class extends AudioContext {
    readonly #loaded = this.audioWorklet.addModule(
      URL.createObjectURL(new Blob([module], { type: "text/javascript" })),
    );

    override createMediaStreamSource(stream: MediaStream): MediaStreamAudioSourceNode {
      const source = super.createMediaStreamSource(stream);
      sampleRate = this.sampleRate;
      this.#loaded.then(() => {
        const tap = new AudioWorkletNode(this, "tap");
        tap.port.onmessage = ({ data }: MessageEvent<Float32Array>) => pieces.push(data);
        source.connect(tap).connect(this.destination);
      });
      return source;
    }
  };
  globalThis.tapped = () => {
    const bytes = pieces.map((piece) => new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength));
    return { sampleRate, base64: btoa(bytes.map((piece) => String.fromCharCode(...piece)).join("")) };
  };
}
