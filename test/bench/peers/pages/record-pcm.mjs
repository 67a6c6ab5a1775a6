/** What a page does itself for a package that takes audio and captures none: worklet, port, 16 bits, `onFrame`. */
const module = `
  registerProcessor("recorder", class extends AudioWorkletProcessor {
    constructor({ processorOptions }) {
      super();
      this.frameSamples = processorOptions.frameSamples;
      this.frame = new Int16Array(this.frameSamples);
      this.length = 0;
      this.target = this.port;
      this.port.onmessage = ({ data }) => (this.target = data);
    }
    process([[samples]]) {
      for (let index = 0; index < (samples?.length ?? 0); index += 1) {
        this.frame[this.length] = Math.max(-32768, Math.min(32767, samples[index] * 32768));
        this.length += 1;
        if (this.length < this.frameSamples) continue;
        this.target.postMessage(this.frame.buffer, [this.frame.buffer]);
        this.frame = new Int16Array(this.frameSamples);
        this.length = 0;
      }
      return true;
    }
  });`;

/** Calls back with every frame, on the page. */
export async function recordPcm(frameMs, onFrame) {
  (await record(frameMs)).port.onmessage = ({ data }) => onFrame(data);
}

/** Posts every frame from the audio thread to a port, past the page. */
export async function recordPcmTo(frameMs, port) {
  (await record(frameMs)).port.postMessage(port, [port]);
}

async function record(frameMs) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext({ sampleRate: 16_000 });
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
  const node = new AudioWorkletNode(context, "recorder", { processorOptions: { frameSamples: frameMs * 16 } });
  context.createMediaStreamSource(stream).connect(node).connect(context.destination);
  return node;
}
