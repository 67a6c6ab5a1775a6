import { CommitStrategy, RealtimeEvents, Scribe } from "@elevenlabs/client";

/** A connection that is lost is lost: the application makes another one, with another token. */
export async function open({ webSocket, token, sampleRate }, hear) {
  const connection = Scribe.connect({
    ...{ baseUri: webSocket, token, modelId: "scribe_v2_realtime" },
    ...{ audioFormat: `pcm_${sampleRate}`, sampleRate, commitStrategy: CommitStrategy.VAD, includeTimestamps: true },
  });
  let awaited;
  connection.on(RealtimeEvents.SESSION_STARTED, () => hear.opened());
  connection.on(RealtimeEvents.PARTIAL_TRANSCRIPT, ({ text }) => hear.partial(text));
  connection.on(RealtimeEvents.COMMITTED_TRANSCRIPT_WITH_TIMESTAMPS, ({ text, words }) => {
    hear.final(text, words[0].start);
    awaited?.();
  });
  connection.on(RealtimeEvents.ERROR, (error) => hear.failed(error.error ?? error));
  connection.on(RealtimeEvents.CLOSE, ({ code, reason }) => hear.closed(code, reason));
  return {
    send: (audio) => connection.send({ audioBase64: Buffer.from(audio).toString("base64") }),
    // The service has no message for the end: the last words are those of the last commit.
    end: async () => {
      const committed = new Promise((resolve) => {
        awaited = resolve;
      });
      connection.commit();
      await committed;
      connection.close();
    },
  };
}
