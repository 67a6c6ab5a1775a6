import { OpenAI } from "openai";
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket";

/** It speaks TLS only. A connection that is lost is lost: the application makes another one. */
export async function open({ http, token, sampleRate }, hear) {
  const client = new OpenAI({ apiKey: token, baseURL: `${http}/v1` });
  const address = { model: "gpt-realtime", onURL: askForTranscription };
  const connection = new OpenAIRealtimeWebSocket(address, client);
  const input = {
    format: { type: "audio/pcm", rate: sampleRate },
    transcription: { model: "gpt-4o-transcribe" },
    turn_detection: { type: "server_vad" },
  };
  const begins = new Map();
  let awaited;
  connection.on("session.created", () =>
    connection.send({ type: "session.update", session: { type: "transcription", audio: { input } } }),
  );
  connection.on("session.updated", () => hear.opened());
  connection.on("input_audio_buffer.speech_started", (event) =>
    begins.set(event.item_id, event.audio_start_ms / 1_000),
  );
  connection.on("conversation.item.input_audio_transcription.delta", ({ delta }) => hear.partial(delta));
  connection.on("conversation.item.input_audio_transcription.completed", ({ item_id, transcript }) => {
    hear.final(transcript, begins.get(item_id));
    awaited?.();
  });
  connection.on("error", (error) => hear.failed(error));
  connection.socket.addEventListener("close", ({ code, reason }) => hear.closed(code, reason));
  return {
    send: (audio) =>
      connection.send({ type: "input_audio_buffer.append", audio: Buffer.from(audio).toString("base64") }),
    // The service has no message for the end: the last words are those of the last commit.
    end: async () => {
      const completed = new Promise((resolve) => {
        awaited = resolve;
      });
      connection.send({ type: "input_audio_buffer.commit" });
      await completed;
      connection.close();
    },
  };
}

/** The client insists on a model in the address, with which the service begins a conversation. */
function askForTranscription(url) {
  url.searchParams.delete("model");
  url.searchParams.set("intent", "transcription");
}
