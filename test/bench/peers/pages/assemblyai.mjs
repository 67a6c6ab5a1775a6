import "./plain-web-socket.mjs";
import { StreamingTranscriber } from "assemblyai/streaming";
import { recordPcm } from "./record-pcm.mjs";

/** The service closes a connection that brings shorter messages. */
const FRAME_MS = 50;

globalThis.benchSubject = async (port) => {
  const transcriber = new StreamingTranscriber({
    websocketBaseUrl: `wss://127.0.0.1:${port}/v3/ws`,
    token: "token",
    sampleRate: 16_000,
  });
  await transcriber.connect();
  await recordPcm(FRAME_MS, (frame) => transcriber.sendAudio(frame));
};
