import { DeepgramClient } from "@deepgram/sdk";
import { listMicrophones } from "./list-microphones.js";
import { fetchToken, page, show } from "./page.js";

const client = new DeepgramClient({ accessToken: fetchToken });
let stop = () => {};

listMicrophones((microphones) => {
  page.microphones.replaceChildren(...microphones.map(({ label, deviceId }) => new Option(label, deviceId)));
});

page.start.onclick = async () => {
  stop();
  show(page.problem, "");
  let finals = "";
  try {
    const audio = page.microphones.value === "" || { deviceId: { exact: page.microphones.value } };
    const recorder = new MediaRecorder(await navigator.mediaDevices.getUserMedia({ audio }));
    const connection = await client.listen.v1.connect({ model: "nova-3", interim_results: "true" });
    connection.on("message", (message) => {
      if (message.type !== "Results") return;
      const text = message.channel.alternatives[0]?.transcript ?? "";
      if (message.is_final) finals = `${finals} ${text}`;
      show(page.captions, message.is_final ? finals : `${finals} ${text}`);
    });
    connection.on("error", ({ message }) => show(page.problem, message));
    connection.connect();
    await connection.waitForOpen();
    recorder.ondataavailable = ({ data }) => connection.sendMedia(data);
    recorder.onstop = () => connection.sendCloseStream({ type: "CloseStream" });
    recorder.start(250);
    stop = () => {
      if (recorder.state === "recording") recorder.stop();
      for (const track of recorder.stream.getTracks()) track.stop();
    };
  } catch (error) {
    show(page.problem, String(error));
  }
};
page.stop.onclick = () => stop();
