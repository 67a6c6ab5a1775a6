import { CommitStrategy, useScribe } from "@elevenlabs/react";
import { useState } from "react";
import { fetchToken, Page } from "./page-parts.jsx";
import { useMicrophoneList } from "./use-microphone-list.js";

export function App() {
  const [deviceId, setDeviceId] = useState("");
  const [problem, setProblem] = useState("");
  const { partialTranscript, committedTranscripts, error, connect, disconnect, clearTranscripts } = useScribe({
    modelId: "scribe_v2_realtime",
    commitStrategy: CommitStrategy.VAD,
  });
  const start = async () => {
    clearTranscripts();
    setProblem("");
    try {
      await connect({ token: await fetchToken(), microphone: { deviceId } });
    } catch (reason) {
      setProblem(String(reason));
    }
  };
  const captions = [...committedTranscripts.map(({ text }) => text), partialTranscript].join(" ");
  const props = { start, stop: disconnect, microphones: useMicrophoneList(), choose: setDeviceId };
  return <Page {...props} captions={captions} problem={error ?? problem} />;
}
