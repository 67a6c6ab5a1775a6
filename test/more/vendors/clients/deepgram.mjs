import { DeepgramClient } from "@deepgram/sdk";
import { listenTo } from "./listen-to-deepgram.mjs";

/** The credential goes into the subprotocols, as it does in a page. It connects again by itself. */
export async function open({ webSocket, http, token, sampleRate }, hear) {
  const environment = { base: http, production: webSocket, agent: webSocket, agentRest: http };
  const client = new DeepgramClient({ apiKey: token, environment });
  const connection = await client.listen.v1.connect({
    model: "nova-3",
    ...{ encoding: "linear16", sample_rate: sampleRate, interim_results: "true" },
    protocols: ["token", token],
  });
  return listenTo(connection, hear, (message) => {
    if (message.type !== "Results") return;
    const [{ transcript, words }] = message.channel.alternatives;
    if (transcript === "") return;
    if (message.is_final) hear.final(transcript, words[0].start);
    else hear.partial(transcript);
  });
}
