import { DeepgramClient } from "@deepgram/sdk";
import { useEffect, useRef, useState } from "react";
import { fetchToken, Page } from "./page-parts.jsx";
import { useMicrophoneList } from "./use-microphone-list.js";

const client = new DeepgramClient({ accessToken: fetchToken });

export function App() {
  const stop = useRef(() => {});
  const [deviceId, setDeviceId] = useState("");
  const [finals, setFinals] = useState("");
  const [partial, setPartial] = useState("");
  const [problem, setProblem] = useState("");
  useEffect(() => () => stop.current(), []);
  const start = async () => {
    stop.current();
    setFinals("");
    setProblem("");
    try {
      const audio = deviceId === "" || { deviceId: { exact: deviceId } };
      const recorder = new MediaRecorder(await navigator.mediaDevices.getUserMedia({ audio }));
      const connection = await client.listen.v1.connect({ model: "nova-3", interim_results: "true" });
      connection.on("message", (message) => {
        if (message.type !== "Results") return;
        const text = message.channel.alternatives[0]?.transcript ?? "";
        if (message.is_final) setFinals((before) => `${before} ${text}`);
        setPartial(message.is_final ? "" : text);
      });
      connection.on("error", ({ message }) => setProblem(message));
      connection.connect();
      await connection.waitForOpen();
      recorder.ondataavailable = ({ data }) => connection.sendMedia(data);
      recorder.onstop = () => connection.sendCloseStream({ type: "CloseStream" });
      recorder.start(250);
      stop.current = () => {
        if (recorder.state === "recording") recorder.stop();
        for (const track of recorder.stream.getTracks()) track.stop();
      };
    } catch (error) {
      setProblem(String(error));
    }
  };
  const props = { start, stop: () => stop.current(), microphones: useMicrophoneList(), choose: setDeviceId };
  return <Page {...props} captions={`${finals} ${partial}`} problem={problem} />;
}
