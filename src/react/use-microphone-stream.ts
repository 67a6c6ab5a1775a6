import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { createMicrophoneStream, type MicrophoneStreamOptions } from "../microphone-stream.js";
import { Recorder, type RecorderSnapshot } from "../recorder/recorder.js";
import type { ServerEvent } from "../stream/events/events.js";
import type { UrlProvider } from "../transport/transport.js";

/** What {@link useMicrophoneStream} returns. The functions stay the same. */
export interface MicrophoneStreamHandle<Message> extends RecorderSnapshot<Message> {
  /** Starts, with a stream of its own each time; to be called in a click handler. Never rejects: see `error`. */
  readonly start: () => Promise<void>;
  /** Ends the stream in order, with its last captions. Never rejects. */
  readonly close: () => Promise<void>;
  /** Ends the stream at once. */
  readonly abort: () => void;
}

/**
 * A microphone stream that ends with the component: the microphone is off before an unmounting is over. Nothing starts by
 * itself. The address and the options of the latest rendering hold for the next start.
 */
export function useMicrophoneStream<Message = ServerEvent>(
  url: UrlProvider,
  options: MicrophoneStreamOptions = {},
): MicrophoneStreamHandle<Message> {
  const latest = useRef({ url, options });
  const [recorder] = useState(
    () => new Recorder(() => createMicrophoneStream<Message>(latest.current.url, latest.current.options)),
  );
  useEffect(() => {
    latest.current = { url, options };
  });
  // StrictMode, and a tree that is hidden for a while, take a component away and bring the same one back.
  useEffect(() => {
    recorder.takeOut();
    return () => recorder.putAway();
  }, [recorder]);
  const snapshot = useSyncExternalStore(recorder.subscribe, recorder.getSnapshot, recorder.getSnapshot);
  const { start, close, abort } = recorder;
  return useMemo(() => ({ ...snapshot, start, close, abort }), [snapshot, start, close, abort]);
}
