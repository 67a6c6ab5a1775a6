/**
 * Each peer as its documentation shows it, sending numbered frames of audio. An adapter gets the addresses of a local
 * server and returns what takes a frame and what ends it.
 */
import WebSocket from "ws";

// Node 20 has no WebSocket of its own, and some peers look for the browser's.
globalThis.WebSocket ??= WebSocket;

const { DeepgramClient } = await import("@deepgram/sdk");
const { GladiaClient } = await import("@gladiaio/sdk");
const { SonioxClient } = await import("@soniox/client");
const { default: PartySocket } = await import("partysocket/ws");
const { default: reconnecting } = await import("reconnecting-websocket");
const ReconnectingWebSocket = reconnecting.default ?? reconnecting;

const socketLibrary = (Socket) => (addresses) => {
  const socket = new Socket(addresses.webSocket, [], { WebSocket });
  socket.binaryType = "arraybuffer";
  socket.addEventListener("error", () => {});
  return { send: (frame) => socket.send(frame), end: () => socket.close() };
};

export const PEERS = [
  { name: "partysocket", create: socketLibrary(PartySocket) },
  { name: "reconnecting-websocket", create: socketLibrary(ReconnectingWebSocket) },
  {
    name: "@gladiaio/sdk",
    create: (addresses) => {
      const client = new GladiaClient({ apiKey: "key", apiUrl: addresses.http });
      const session = client.liveV2().startSession({
        encoding: "wav/pcm",
        bit_depth: 16,
        sample_rate: 16_000,
        channels: 1,
      });
      session.on("error", () => {});
      return { send: (frame) => session.sendAudio(frame), end: () => session.endSession() };
    },
  },
  {
    name: "@soniox/client",
    create: (addresses) => {
      const client = new SonioxClient({ config: { api_key: "key", stt_ws_url: addresses.webSocket } });
      let deliver = () => {};
      const recording = client.realtime.record({
        model: "stt-rt-v5",
        audio_format: "pcm_s16le",
        sample_rate: 16_000,
        num_channels: 1,
        auto_reconnect: true,
        source: {
          start: async (handlers) => {
            deliver = (frame) => handlers.onData(frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength));
          },
          stop: () => {
            deliver = () => {};
          },
        },
      });
      recording.on("error", () => {});
      return { send: (frame) => deliver(frame), end: () => recording.cancel() };
    },
  },
  {
    name: "@deepgram/sdk",
    create: async (addresses) => {
      const client = new DeepgramClient({
        apiKey: "key",
        environment: {
          base: addresses.http,
          production: addresses.webSocket,
          agent: addresses.webSocket,
          agentRest: addresses.http,
        },
      });
      const connection = await client.listen.v1.connect({ model: "nova-3", encoding: "linear16", sample_rate: 16_000 });
      connection.on("error", () => {});
      connection.connect();
      connection.waitForOpen().catch(() => {});
      return { send: (frame) => connection.sendMedia(frame), end: () => connection.close() };
    },
  },
];
