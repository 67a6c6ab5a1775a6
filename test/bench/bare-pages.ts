/** The microphone through an audio context to a processor that does nothing: what no package can do without. */
export const BARE = `async () => {
  const module = 'registerProcessor("nothing", class extends AudioWorkletProcessor { process() { return true; } });';
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  await context.audioWorklet.addModule(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
  context.createMediaStreamSource(microphone).connect(new AudioWorkletNode(context, "nothing")).connect(context.destination);
}`;
/**
 * Beside that, frames of 20 ms from the processor to a worker, which sends each by WebSocket: what no package can do without
 * that keeps them off the page. The samples are left out.
 */
export const BARE_WORKER = `async (port) => {
  const module = \`registerProcessor("frames", class extends AudioWorkletProcessor {
    constructor() {
      super();
      this.port.onmessage = ({ data }) => (this.worker = data);
      this.samples = 0;
      this.position = 0;
    }
    process() {
      this.samples += 128;
      if (this.worker === undefined || this.samples < 0.02 * sampleRate) return true;
      this.samples = 0;
      const frame = new DataView(new ArrayBuffer(652));
      frame.setUint8(0, 1);
      frame.setUint16(2, 320, true);
      frame.setUint32(4, this.position, true);
      this.position += 320;
      this.worker.postMessage(frame.buffer, [frame.buffer]);
      return true;
    }
  });\`;
  const script = \`onmessage = ({ data }) => {
    const socket = new WebSocket(data.url, "loquilex.v1");
    data.frames.onmessage = ({ data }) => socket.readyState === 1 && socket.send(data);
  };\`;
  const urlOf = (text) => URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext();
  await context.audioWorklet.addModule(urlOf(module));
  const node = new AudioWorkletNode(context, "frames");
  const { port1, port2 } = new MessageChannel();
  globalThis.worker = new Worker(urlOf(script));
  worker.postMessage({ url: "ws://127.0.0.1:" + port, frames: port1 }, [port1]);
  node.port.postMessage(port2, [port2]);
  context.createMediaStreamSource(microphone).connect(node).connect(context.destination);
}`;
