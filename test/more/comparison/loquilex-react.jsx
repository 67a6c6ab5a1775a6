import { useMicrophoneStream, useMicrophones, useTranscript } from "loquilex/react";
import { useState } from "react";
import { fetchToken, Page } from "./page-parts.jsx";

export function App() {
  const [deviceId, setDeviceId] = useState(/** @type {string | undefined} */ (undefined));
  const { stream, error, warning, start, close } = useMicrophoneStream("wss://example.org/v1/stream", {
    getToken: fetchToken,
    microphone: { deviceId },
  });
  const { finals, partials } = useTranscript(stream);
  const captions = [...finals, ...partials].map(({ text }) => text).join(" ");
  const props = { start, stop: close, microphones: useMicrophones(), choose: setDeviceId };
  return <Page {...props} captions={captions} problem={(error ?? warning)?.message} />;
}
