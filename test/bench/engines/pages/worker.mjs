// A dedicated or a shared worker. It notes what reaches it from the audio thread, and sends the time by the way it is told.
import { relay, WAYS } from "./ways.mjs";

const POLL_MS = 5;
const TICK_MS = 20;

/** What came by each way from the audio thread: when it was handed over, and when it was here. */
const heard = {};

function hear(way, sentAt) {
  heard[way] ??= [];
  heard[way].push({ sentAt, at: Date.now() });
}

/** What is new in the ring, to whoever asks. */
function ringReader(ring, way) {
  const written = new Int32Array(ring, 0, 1);
  const times = new Float64Array(ring, 8);
  let read = Atomics.load(written, 0);
  const readAll = () => {
    for (const end = Atomics.load(written, 0); read < end; read += 1) hear(way, times[read % times.length]);
    return read;
  };
  return { written, readAll };
}

const calls = {
  listen({ port, ring, place }) {
    port.onmessage = ({ data }) => hear(`message port to a ${place}`, data);
    if (ring === undefined) return;
    const polled = ringReader(ring, "ring in shared memory, polled by a timer");
    setInterval(polled.readAll, POLL_MS);
    if (Atomics.waitAsync === undefined) return;
    const { written, readAll } = ringReader(ring, "ring in shared memory, Atomics.waitAsync");
    const wait = async () => {
      for (;;) await Atomics.waitAsync(written, 0, readAll()).value;
    };
    void wait();
  },

  heard: () => heard,

  /** Sends the time every 20 ms until it is stopped, and resolves with what came back. */
  async open({ way }) {
    const back = [];
    const opened = await WAYS[way]((sentAt) => back.push({ sentAt: Number(sentAt), at: Date.now() }));
    const timer = opened.send === undefined ? undefined : setInterval(() => opened.send(Date.now()), TICK_MS);
    calls.close = () => {
      clearInterval(timer);
      opened.close();
      return back;
    };
  },
};

function serve(port) {
  port.onmessage = async ({ data: { call, ...options } }) => {
    try {
      port.postMessage({ value: await calls[call](options) });
    } catch (error) {
      port.postMessage({ error: String(error) });
    }
  };
}

if ("onconnect" in globalThis) {
  globalThis.onconnect = ({ ports: [port] }) => serve(port);
  relay();
} else serve(globalThis);
