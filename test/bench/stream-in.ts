/** JavaScript of a function of the server's port that streams the microphone, with the option `host`. */
export const streamIn = (host: string): string => `async (port) => {
  const { createMicrophoneStream } = await import("/dist/index.js");
  globalThis.stream = createMicrophoneStream("ws://127.0.0.1:" + port + "/", { host: "${host}" });
  await stream.start();
}`;
