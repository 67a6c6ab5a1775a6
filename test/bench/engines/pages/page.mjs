// On the page: prepares the microphone and the workers, and blocks its own thread while they work.
const workers = {};

function connect(place, port) {
  let answer;
  port.onmessage = ({ data }) => answer(data);
  workers[place] = async (call, options = {}, transfer = []) => {
    const answered = new Promise((resolve) => {
      answer = resolve;
    });
    port.postMessage({ call, ...options }, transfer);
    const { value, error } = await answered;
    if (error !== undefined) throw new Error(error);
    return value;
  };
}

/** Before and after a block, for what is on its way. */
const SETTLE_MS = 300;

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Holds the thread; what was sent between the two times counts. */
async function block(ms) {
  await delay(SETTLE_MS);
  const from = Date.now();
  while (Date.now() - from < ms);
  const to = Date.now();
  await delay(SETTLE_MS);
  return { from, to };
}

const canStreamUploads = () => {
  let isAsked = false;
  const options = {
    method: "POST",
    body: new ReadableStream(),
    get duplex() {
      isAsked = true;
      return "half";
    },
  };
  return !new Request("/", options).headers.has("Content-Type") && isAsked;
};

globalThis.probe = {
  /** @returns what the engine has of what could help. */
  async prepare() {
    connect("worker", new Worker("/pages/worker.mjs", { type: "module" }));
    connect("shared worker", new SharedWorker("/pages/worker.mjs", { type: "module" }).port);
    const context = new AudioContext();
    const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
    await context.audioWorklet.addModule("/pages/ticking.mjs");
    await context.resume();
    const node = new AudioWorkletNode(context, "ticking");
    context.createMediaStreamSource(microphone).connect(node).connect(context.destination);
    const ring = crossOriginIsolated && "SharedArrayBuffer" in globalThis ? new SharedArrayBuffer(8_192) : undefined;
    const ports = [];
    for (const place of Object.keys(workers)) {
      const { port1, port2 } = new MessageChannel();
      ports.push(port1);
      const own = place === "worker" ? { ring } : {};
      await workers[place]("listen", { port: port2, place, ...own }, [port2]);
    }
    node.port.postMessage({ ports, ring }, ports);
    return {
      "Atomics.waitAsync": "waitAsync" in Atomics,
      "request whose body is a stream": canStreamUploads(),
      WebTransport: "WebTransport" in globalThis,
    };
  },

  /** What reached the workers from the audio thread. */
  async listen(blockMs) {
    const blocked = await block(blockMs);
    const heard = Object.assign({}, ...(await Promise.all(Object.values(workers).map((call) => call("heard")))));
    return { ...blocked, heard };
  },

  /** What the server sent to a worker; the server itself knows what it got. */
  async send({ place, way, blockMs }) {
    await workers[place]("open", { way });
    const blocked = await block(blockMs);
    return { ...blocked, back: await workers[place]("close") };
  },
};
