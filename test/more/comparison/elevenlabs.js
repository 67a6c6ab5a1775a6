import { CommitStrategy, RealtimeEvents, Scribe } from "@elevenlabs/client";
import { listMicrophones } from "./list-microphones.js";
import { fetchToken, page, show } from "./page.js";

/** @type {import("@elevenlabs/client").RealtimeConnection | undefined} */
let connection;

listMicrophones((microphones) => {
  page.microphones.replaceChildren(...microphones.map(({ label, deviceId }) => new Option(label, deviceId)));
});

page.start.onclick = async () => {
  connection?.close();
  show(page.problem, "");
  let finals = "";
  try {
    connection = Scribe.connect({
      token: await fetchToken(),
      modelId: "scribe_v2_realtime",
      commitStrategy: CommitStrategy.VAD,
      microphone: { deviceId: page.microphones.value },
    });
  } catch (error) {
    show(page.problem, String(error));
    return;
  }
  connection.on(RealtimeEvents.PARTIAL_TRANSCRIPT, ({ text }) => show(page.captions, `${finals} ${text}`));
  connection.on(RealtimeEvents.COMMITTED_TRANSCRIPT, ({ text }) => {
    finals = `${finals} ${text}`;
    show(page.captions, finals);
  });
  connection.on(RealtimeEvents.ERROR, ({ error }) => show(page.problem, error));
};
page.stop.onclick = () => connection?.close();
