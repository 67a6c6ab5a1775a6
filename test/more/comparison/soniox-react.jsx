import { MicrophoneSource } from "@soniox/client";
import { SonioxProvider, useRecording } from "@soniox/react";
import { useMemo, useState } from "react";
import { fetchToken, Page } from "./page-parts.jsx";
import { useMicrophoneList } from "./use-microphone-list.js";

function Captions() {
  const [deviceId, setDeviceId] = useState("");
  const source = useMemo(() => {
    const constraints = deviceId === "" ? {} : { deviceId: { exact: deviceId } };
    return new MicrophoneSource({ constraints });
  }, [deviceId]);
  const { start, stop, text, error } = useRecording({
    model: "stt-rt-v5",
    source,
    auto_reconnect: true,
    resetOnStart: true,
  });
  const props = { start, stop, microphones: useMicrophoneList(), choose: setDeviceId };
  return <Page {...props} captions={text} problem={error?.message} />;
}

export function App() {
  return (
    <SonioxProvider apiKey={fetchToken}>
      <Captions />
    </SonioxProvider>
  );
}
