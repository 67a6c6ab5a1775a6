import { GladiaClient } from "@gladiaio/sdk";

/** It asks for a job itself, and goes on with it on a new connection. */
export async function open({ http, token, sampleRate }, hear) {
  const client = new GladiaClient({ apiKey: token, apiUrl: http });
  const session = client.liveV2().startSession({
    ...{ encoding: "wav/pcm", bit_depth: 16, sample_rate: sampleRate, channels: 1 },
    messages_config: { receive_partial_transcripts: true, receive_final_transcripts: true },
  });
  session.on("connected", () => hear.opened());
  session.on("connecting", ({ attempt }) => attempt > 1 && hear.closed("connecting again"));
  session.on("error", (error) => hear.failed(error));
  session.on("message", (message) => {
    if (message.type !== "transcript") return;
    const { text, words } = message.data.utterance;
    if (message.data.is_final) hear.final(text, words[0].start);
    else hear.partial(text);
  });
  const ended = new Promise((resolve) => {
    session.on("ended", ({ code, reason }) => {
      hear.closed(code, reason);
      resolve();
    });
  });
  return {
    send: (audio) => session.sendAudio(audio),
    end: () => {
      session.stopRecording();
      return ended;
    },
  };
}
