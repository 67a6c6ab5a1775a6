import { StreamingTranscriber } from "assemblyai";

/** It speaks TLS only. A connection that is lost is lost: the application makes another one. */
export async function open({ webSocket, token, sampleRate }, hear) {
  const transcriber = new StreamingTranscriber({
    websocketBaseUrl: `${webSocket}/v3/ws`,
    ...{ token, sampleRate, formatTurns: true },
    // A busy machine may need more than the second that it allows otherwise.
    ...{ connectTimeout: 10_000, maxConnectionRetries: 0 },
  });
  transcriber.on("open", () => hear.opened());
  transcriber.on("turn", ({ end_of_turn, turn_is_formatted, transcript, words }) => {
    if (!end_of_turn) hear.partial(transcript);
    else if (turn_is_formatted) hear.final(transcript, words[0].start / 1_000);
  });
  transcriber.on("error", (error) => hear.failed(error));
  transcriber.on("close", (code, reason) => hear.closed(code, reason));
  await transcriber.connect();
  return { send: (audio) => transcriber.sendAudio(audio), end: () => transcriber.close() };
}
