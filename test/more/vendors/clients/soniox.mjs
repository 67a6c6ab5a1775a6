import { SonioxClient } from "@soniox/client";

/** It connects again by itself, with a key that it asks for anew. */
export async function open({ webSocket, token, sampleRate }, hear) {
  const client = new SonioxClient({
    config: async () => ({ api_key: token, stt_ws_url: `${webSocket}/transcribe-websocket` }),
  });
  let deliver = () => {};
  const recording = client.realtime.record({
    ...{ model: "stt-rt-v5", audio_format: "pcm_s16le", sample_rate: sampleRate, num_channels: 1 },
    ...{ enable_endpoint_detection: true, auto_reconnect: true },
    source: {
      start: async (handlers) => {
        deliver = (audio) => handlers.onData(audio.slice().buffer);
      },
      stop: () => {
        deliver = () => {};
      },
    },
  });
  let tokens = [];
  const finish = () => {
    const text = tokens.map((said) => said.text).join("");
    if (tokens.length > 0) hear.final(text.trim(), tokens[0].start_ms / 1_000);
    tokens = [];
  };
  recording.on("connected", () => hear.opened());
  recording.on("reconnecting", () => {
    // What an application has got as final stays.
    finish();
    hear.closed("connecting again");
  });
  recording.on("error", (error) => hear.failed(error));
  recording.on("result", (result) => {
    tokens.push(...result.tokens.filter(({ is_final }) => is_final));
    const guessed = result.tokens.filter(({ is_final }) => !is_final);
    if (guessed.length > 0)
      hear.partial(
        [...tokens, ...guessed]
          .map(({ text }) => text)
          .join("")
          .trim(),
      );
  });
  recording.on("endpoint", finish);
  recording.on("finished", finish);
  return { send: (audio) => deliver(audio), end: () => recording.stop() };
}
