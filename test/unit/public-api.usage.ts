import { AudioStream, createMicrophoneStream, isAudioStreamError, microphone, webSocket } from "loquilex";

type Reply = { readonly type: "transcript"; readonly text: string };

export async function oneLiner(page: AbortSignal): Promise<void> {
  await using stream = createMicrophoneStream<Reply>("wss://api.example.com/v1/audio", { signal: page });
  stream.addEventListener("statechange", function () {
    console.log(this.state);
  });
  stream.addEventListener("reconnecting", ({ attempt, delayMs }) => {
    console.log(attempt, delayMs);
  });
  stream.addEventListener(
    "message",
    ({ data }) => {
      console.log(data.text);
    },
    { signal: page },
  );
  try {
    await stream.start({ signal: AbortSignal.timeout(15_000) });
  } catch (error) {
    if (isAudioStreamError(error, "permission-denied")) return;
    if (isAudioStreamError(error, "connect-timeout")) console.log(error.details.timeoutMs);
    throw error;
  }
  for await (const reply of stream.messages()) if (reply.text === "stop") break;
  await stream.flush();
  const info = await stream.closed;
  if (info.outcome === "failed") {
    const { error } = info;
    switch (error.code) {
      case "connection-lost":
        console.log(error.details.closeCode);
        break;
      case "retries-exhausted":
        console.log(error.details.attempts);
        break;
      default:
        break;
    }
  }
}
export let current: ReturnType<typeof createMicrophoneStream> | undefined;
export function typedMessages(): void {
  current = createMicrophoneStream("wss://api.example.com/v1/audio");
  current.addEventListener("message", ({ data }) => {
    if (data.t === "asr.final") console.log(data.data.text.length);
    // @ts-expect-error no message has this type
    if (data.t === "asr.nothing") console.log(data);
  });
  // @ts-expect-error no message has this field
  current.addEventListener("message", ({ data }) => data.text);
}
export const custom = new AudioStream(
  {
    source: microphone({ echoCancellation: true }),
    transport: webSocket(async ({ signal }) => new URL("wss://x", String(signal.aborted))),
  },
  { sampleRate: 16_000, reconnect: ({ attempt }) => (attempt > 3 ? null : 500 * attempt), heartbeat: false },
);
// @ts-expect-error unknown event payload
custom.addEventListener("drop", (e: MessageEvent) => {
  console.log(e);
});
// @ts-expect-error unknown code
isAudioStreamError(0, "nope");
