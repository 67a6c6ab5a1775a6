import { MicrophoneSource, SonioxClient } from "@soniox/client";
import { listMicrophones } from "./list-microphones.js";
import { fetchToken, page, show } from "./page.js";

const client = new SonioxClient({ api_key: fetchToken });
/** @type {import("@soniox/client").Recording | undefined} */
let recording;

listMicrophones((microphones) => {
  page.microphones.replaceChildren(...microphones.map(({ label, deviceId }) => new Option(label, deviceId)));
});

page.start.onclick = () => {
  recording?.cancel();
  show(page.problem, "");
  let finals = "";
  const deviceId = page.microphones.value === "" ? undefined : { exact: page.microphones.value };
  const source = new MicrophoneSource({ constraints: { deviceId } });
  recording = client.realtime.record({ model: "stt-rt-v5", source, auto_reconnect: true });
  recording.on("result", ({ tokens }) => {
    finals += tokens.map(({ is_final, text }) => (is_final ? text : "")).join("");
    show(page.captions, finals + tokens.map(({ is_final, text }) => (is_final ? "" : text)).join(""));
  });
  recording.on("error", ({ message }) => show(page.problem, message));
};
page.stop.onclick = () => recording?.stop();
