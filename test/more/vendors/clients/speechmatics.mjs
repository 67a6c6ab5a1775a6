import { RealtimeClient } from "@speechmatics/real-time-client";

/** A connection that is lost is lost: the application makes another one. */
export async function open({ webSocket, token, sampleRate }, hear) {
  const client = new RealtimeClient({ url: `${webSocket}/v2` });
  client.addEventListener("socketStateChange", ({ socketState }) => {
    if (socketState === "closed") hear.closed(socketState);
  });
  client.addEventListener("receiveMessage", ({ data }) => {
    if (data.message === "Error") hear.failed(`${data.type}: ${data.reason}`);
    const text = data.metadata?.transcript?.trim() ?? "";
    if (text === "") return;
    if (data.message === "AddTranscript") hear.final(text, data.results[0].start_time);
    if (data.message === "AddPartialTranscript") hear.partial(text);
  });
  await client.start(token, {
    audio_format: { type: "raw", encoding: "pcm_s16le", sample_rate: sampleRate },
    transcription_config: { language: "en", enable_partials: true },
  });
  hear.opened();
  return { send: (audio) => client.sendAudio(audio), end: () => client.stopRecognition() };
}
