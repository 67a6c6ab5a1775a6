import { StreamingTranscriber } from "assemblyai";
import { listMicrophones } from "./list-microphones.js";
import { fetchToken, page, show } from "./page.js";
import { openPcmMicrophone } from "./pcm-microphone.js";

let stop = () => {};

listMicrophones((microphones) => {
  page.microphones.replaceChildren(...microphones.map(({ label, deviceId }) => new Option(label, deviceId)));
});

page.start.onclick = async () => {
  stop();
  show(page.problem, "");
  /** @type {Map<number, string>} */
  const turns = new Map();
  try {
    const transcriber = new StreamingTranscriber({ token: await fetchToken(), sampleRate: 16_000 });
    transcriber.on("turn", ({ turn_order, transcript }) => {
      turns.set(turn_order, transcript);
      show(page.captions, [...turns.values()].join(" "));
    });
    transcriber.on("error", ({ message }) => show(page.problem, message));
    await transcriber.connect();
    const close = await openPcmMicrophone(page.microphones.value, (samples) => transcriber.sendAudio(samples.buffer));
    stop = () => {
      close();
      transcriber.close();
    };
  } catch (error) {
    show(page.problem, String(error));
  }
};
page.stop.onclick = () => stop();
