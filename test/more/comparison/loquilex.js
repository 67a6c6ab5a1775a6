import { createMicrophoneStream, createTranscript, watchMicrophones } from "loquilex";
import { fetchToken, page, show } from "./page.js";

/** @type {import("loquilex").AudioStream | undefined} */
let stream;

watchMicrophones((microphones) => {
  page.microphones.replaceChildren(...microphones.map(({ label, deviceId }) => new Option(label, deviceId)));
});

page.start.onclick = () => {
  stream?.abort();
  show(page.problem, "");
  const microphone = { deviceId: page.microphones.value };
  stream = createMicrophoneStream("wss://example.org/v1/stream", { getToken: fetchToken, microphone });
  const transcript = createTranscript(stream);
  transcript.subscribe(() => show(page.captions, transcript.text));
  stream.addEventListener("warning", ({ error }) => show(page.problem, error.message));
  stream.addEventListener("error", ({ error }) => show(page.problem, error.message));
  stream.start();
};
page.stop.onclick = () => stream?.close();
