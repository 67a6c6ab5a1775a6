import { SonioxClient } from "@soniox/client";
import { recordPcm } from "./record-pcm.mjs";

globalThis.benchSubject = async (port) => {
  const client = new SonioxClient({ config: { api_key: "key", stt_ws_url: `ws://127.0.0.1:${port}/` } });
  client.realtime.record({
    model: "stt-rt-v5",
    audio_format: "pcm_s16le",
    sample_rate: 16_000,
    num_channels: 1,
    source: { start: ({ onData }) => recordPcm(20, onData), stop: () => {} },
  });
};
