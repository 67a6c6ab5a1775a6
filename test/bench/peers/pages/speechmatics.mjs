import { RealtimeClient } from "@speechmatics/real-time-client";
import { recordPcm } from "./record-pcm.mjs";

globalThis.benchSubject = async (port) => {
  const client = new RealtimeClient({ url: `ws://127.0.0.1:${port}/v2` });
  await client.start("jwt", {
    audio_format: { type: "raw", encoding: "pcm_s16le", sample_rate: 16_000 },
    transcription_config: { language: "en" },
  });
  await recordPcm(20, (frame) => client.sendAudio(frame));
};
