import { DeepgramClient } from "@deepgram/sdk";
import { listenTo } from "./listen-to-deepgram.mjs";

/** The credential goes into the subprotocols, as it does in a page. It connects again by itself. */
export async function open({ webSocket, http, token, sampleRate }, hear) {
  const environment = { base: http, production: webSocket, agent: webSocket, agentRest: http };
  const client = new DeepgramClient({ apiKey: token, environment });
  const connection = await client.listen.v2.connect({
    model: "flux-general-en",
    ...{ encoding: "linear16", sample_rate: sampleRate },
    protocols: ["token", token],
  });
  return listenTo(connection, hear, (message) => {
    if (message.type !== "TurnInfo" || message.transcript === "") return;
    const { event, transcript, words } = message;
    if (event === "EndOfTurn") hear.final(transcript, words[0].start);
    else hear.partial(transcript);
  });
}
