// On the audio thread: every 20 ms of sound it hands over the time, by a port to each worker and by a ring in shared memory.
const TICK_SECONDS = 0.02;

registerProcessor(
  "ticking",
  class extends AudioWorkletProcessor {
    #ports = [];
    #ring;
    #nextFrame = 0;

    constructor() {
      super();
      this.port.onmessage = ({ data: { ports, ring } }) => {
        this.#ports = ports;
        if (ring !== undefined) this.#ring = { written: new Int32Array(ring, 0, 1), times: new Float64Array(ring, 8) };
      };
    }

    process() {
      if (currentFrame < this.#nextFrame) return true;
      this.#nextFrame = currentFrame + TICK_SECONDS * sampleRate;
      const time = Date.now();
      for (const port of this.#ports) port.postMessage(time);
      if (this.#ring !== undefined) {
        const { written, times } = this.#ring;
        const index = Atomics.load(written, 0);
        times[index % times.length] = time;
        Atomics.store(written, 0, index + 1);
        Atomics.notify(written, 0);
      }
      return true;
    }
  },
);
