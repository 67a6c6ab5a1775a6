import {
  AudioConfig,
  CancellationReason,
  SpeechConfig,
  SpeechRecognizer,
} from "microsoft-cognitiveservices-speech-sdk";
import { useEffect, useRef, useState } from "react";
import { fetchToken, Page } from "./page-parts.jsx";
import { useMicrophoneList } from "./use-microphone-list.js";

export function App() {
  const current = useRef(/** @type {SpeechRecognizer | undefined} */ (undefined));
  const [deviceId, setDeviceId] = useState("");
  const [finals, setFinals] = useState("");
  const [partial, setPartial] = useState("");
  const [problem, setProblem] = useState("");
  useEffect(() => () => current.current?.close(), []);
  const start = async () => {
    current.current?.close();
    setFinals("");
    setProblem("");
    try {
      const speech = SpeechConfig.fromAuthorizationToken(await fetchToken(), "westeurope");
      const recognizer = new SpeechRecognizer(speech, AudioConfig.fromMicrophoneInput(deviceId));
      current.current = recognizer;
      recognizer.recognizing = (_, { result }) => setPartial(result.text);
      recognizer.recognized = (_, { result }) => {
        setFinals((text) => `${text} ${result.text ?? ""}`);
        setPartial("");
      };
      recognizer.canceled = (_, { reason, errorDetails }) => {
        if (reason === CancellationReason.Error) setProblem(errorDetails);
      };
      recognizer.startContinuousRecognitionAsync(undefined, setProblem);
    } catch (error) {
      setProblem(String(error));
    }
  };
  const stop = () => current.current?.stopContinuousRecognitionAsync();
  const props = { start, stop, microphones: useMicrophoneList(), choose: setDeviceId };
  return <Page {...props} captions={`${finals} ${partial}`} problem={problem} />;
}
