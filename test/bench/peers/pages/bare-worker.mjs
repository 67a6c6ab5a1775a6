/** No package at all: frames from the audio thread to a worker that does nothing but send them. */
import { recordPcmTo } from "./record-pcm.mjs";

const script = `
  onmessage = ({ data: { url, frames } }) => {
    const socket = new WebSocket(url);
    frames.onmessage = ({ data }) => socket.readyState === WebSocket.OPEN && socket.send(data);
  };`;

globalThis.benchSubject = async (port) => {
  const { port1, port2 } = new MessageChannel();
  globalThis.worker = new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })));
  worker.postMessage({ url: `ws://127.0.0.1:${port}/`, frames: port1 }, [port1]);
  await recordPcmTo(20, port2);
};
