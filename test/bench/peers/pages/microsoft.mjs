import { AudioConfig, SpeechConfig, SpeechRecognizer } from "microsoft-cognitiveservices-speech-sdk";

globalThis.benchSubject = (port) => {
  const path = "speech/recognition/conversation/cognitiveservices/v1";
  const config = SpeechConfig.fromEndpoint(new URL(`ws://127.0.0.1:${port}/${path}`), "key");
  config.speechRecognitionLanguage = "en-US";
  const recognizer = new SpeechRecognizer(config, AudioConfig.fromDefaultMicrophoneInput());
  return new Promise((resolve, reject) => recognizer.startContinuousRecognitionAsync(resolve, reject));
};
