import {
  AudioConfig,
  CancellationReason,
  SpeechConfig,
  SpeechRecognizer,
} from "microsoft-cognitiveservices-speech-sdk";
import { listMicrophones } from "./list-microphones.js";
import { fetchToken, page, show } from "./page.js";

/** @type {SpeechRecognizer | undefined} */
let recognizer;

listMicrophones((microphones) => {
  page.microphones.replaceChildren(...microphones.map(({ label, deviceId }) => new Option(label, deviceId)));
});

page.start.onclick = async () => {
  recognizer?.close();
  show(page.problem, "");
  let finals = "";
  try {
    const speech = SpeechConfig.fromAuthorizationToken(await fetchToken(), "westeurope");
    recognizer = new SpeechRecognizer(speech, AudioConfig.fromMicrophoneInput(page.microphones.value));
  } catch (error) {
    show(page.problem, String(error));
    return;
  }
  recognizer.recognizing = (_, { result }) => show(page.captions, `${finals} ${result.text}`);
  recognizer.recognized = (_, { result }) => {
    finals = `${finals} ${result.text ?? ""}`;
    show(page.captions, finals);
  };
  recognizer.canceled = (_, { reason, errorDetails }) => {
    if (reason === CancellationReason.Error) show(page.problem, errorDetails);
  };
  recognizer.startContinuousRecognitionAsync(undefined, (error) => show(page.problem, error));
};
page.stop.onclick = () => recognizer?.stopContinuousRecognitionAsync();
