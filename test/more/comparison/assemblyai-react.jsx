import { StreamingTranscriber } from "assemblyai";
import { useEffect, useRef, useState } from "react";
import { fetchToken, Page } from "./page-parts.jsx";
import { openPcmMicrophone } from "./pcm-microphone.js";
import { useMicrophoneList } from "./use-microphone-list.js";

export function App() {
  const stop = useRef(() => {});
  const [deviceId, setDeviceId] = useState("");
  const [turns, setTurns] = useState(/** @type {Record<number, string>} */ ({}));
  const [problem, setProblem] = useState("");
  useEffect(() => () => stop.current(), []);
  const start = async () => {
    stop.current();
    setTurns({});
    setProblem("");
    try {
      const transcriber = new StreamingTranscriber({ token: await fetchToken(), sampleRate: 16_000 });
      transcriber.on("turn", ({ turn_order, transcript }) =>
        setTurns((before) => ({ ...before, [turn_order]: transcript })),
      );
      transcriber.on("error", ({ message }) => setProblem(message));
      await transcriber.connect();
      const close = await openPcmMicrophone(deviceId, (samples) => transcriber.sendAudio(samples.buffer));
      stop.current = () => {
        close();
        transcriber.close();
      };
    } catch (error) {
      setProblem(String(error));
    }
  };
  const props = { start, stop: () => stop.current(), microphones: useMicrophoneList(), choose: setDeviceId };
  return <Page {...props} captions={Object.values(turns).join(" ")} problem={problem} />;
}
