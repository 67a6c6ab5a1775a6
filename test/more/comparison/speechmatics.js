import { getAudioDevicesStore, PCMRecorder } from "@speechmatics/browser-audio-input";
import { RealtimeClient } from "@speechmatics/real-time-client";
import { fetchToken, page, show } from "./page.js";

const devices = getAudioDevicesStore();
const recorder = new PCMRecorder("/pcm-audio-worklet.min.js");
/** @type {RealtimeClient | undefined} */
let client;

devices.addEventListener("changeDevices", () => {
  page.microphones.replaceChildren(...devices.devices.map(({ label, deviceId }) => new Option(label, deviceId)));
});
recorder.addEventListener("audio", ({ data }) => client?.sendAudio(/** @type {Float32Array<ArrayBuffer>} */ (data)));

page.start.onclick = async () => {
  recorder.stopRecording();
  show(page.problem, "");
  const audioContext = new AudioContext({ sampleRate: 16_000 });
  let finals = "";
  try {
    client = new RealtimeClient();
    client.addEventListener("receiveMessage", ({ data }) => {
      if (data.message === "AddPartialTranscript") show(page.captions, `${finals} ${data.metadata.transcript}`);
      else if (data.message === "AddTranscript") {
        finals = `${finals} ${data.metadata.transcript}`;
        show(page.captions, finals);
      } else if (data.message === "Error") show(page.problem, data.reason);
    });
    await client.start(await fetchToken(), {
      audio_format: { type: "raw", encoding: "pcm_f32le", sample_rate: audioContext.sampleRate },
      transcription_config: { language: "en", enable_partials: true },
    });
    await recorder.startRecording({ audioContext, deviceId: page.microphones.value });
  } catch (error) {
    show(page.problem, String(error));
  }
};
page.stop.onclick = async () => {
  recorder.stopRecording();
  await client?.stopRecognition();
};
