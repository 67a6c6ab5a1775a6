import {
  PCMAudioRecorderProvider,
  useAudioDevices,
  usePCMAudioListener,
  usePCMAudioRecorderContext,
} from "@speechmatics/browser-audio-input-react";
import {
  RealtimeTranscriptionProvider,
  useRealtimeEventListener,
  useRealtimeTranscription,
} from "@speechmatics/real-time-client-react";
import { useState } from "react";
import { fetchToken, Page } from "./page-parts.jsx";

function Captions() {
  const [deviceId, setDeviceId] = useState("");
  const [finals, setFinals] = useState("");
  const [partial, setPartial] = useState("");
  const [problem, setProblem] = useState("");
  const { startTranscription, stopTranscription, sendAudio } = useRealtimeTranscription();
  const { startRecording, stopRecording } = usePCMAudioRecorderContext();
  const { deviceList = [] } = useAudioDevices();
  usePCMAudioListener((audio) => sendAudio(/** @type {Float32Array<ArrayBuffer>} */ (audio)));
  useRealtimeEventListener("receiveMessage", ({ data }) => {
    if (data.message === "AddPartialTranscript") setPartial(data.metadata.transcript);
    else if (data.message === "AddTranscript") {
      setFinals((text) => `${text} ${data.metadata.transcript}`);
      setPartial("");
    } else if (data.message === "Error") setProblem(data.reason);
  });
  const start = async () => {
    setFinals("");
    setProblem("");
    try {
      await startTranscription(await fetchToken(), {
        audio_format: { type: "raw", encoding: "pcm_f32le", sample_rate: 16_000 },
        transcription_config: { language: "en", enable_partials: true },
      });
      await startRecording({ deviceId });
    } catch (error) {
      setProblem(String(error));
    }
  };
  const stop = async () => {
    stopRecording();
    await stopTranscription();
  };
  const props = { start, stop, microphones: deviceList, choose: setDeviceId };
  return <Page {...props} captions={`${finals} ${partial}`} problem={problem} />;
}

export function App() {
  const [audioContext] = useState(() => new AudioContext({ sampleRate: 16_000 }));
  return (
    <RealtimeTranscriptionProvider>
      <PCMAudioRecorderProvider workletScriptURL="/pcm-audio-worklet.min.js" audioContext={audioContext}>
        <Captions />
      </PCMAudioRecorderProvider>
    </RealtimeTranscriptionProvider>
  );
}
