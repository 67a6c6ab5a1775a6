import { useSyncExternalStore } from "react";
import type { AudioStream } from "../stream/audio-stream.js";
import { createTranscript, type Transcript, type TranscriptSnapshot } from "../transcript/transcript.js";

type Captioned = Pick<AudioStream<never>, "addEventListener" | "removeEventListener" | "signal">;

/** One for each stream, whoever asks and however often, so that none of its captions is missed between two renderings. */
const transcripts = /* @__PURE__ */ new WeakMap<Captioned, Transcript>();
const EMPTY: TranscriptSnapshot = { finals: [], partials: [], partial: undefined };
const getEmpty = (): TranscriptSnapshot => EMPTY;
const subscribeToNothing = () => () => {};

/** The captions of a stream that hold, from the first rendering with it on; none for `undefined`. */
export function useTranscript(stream: Captioned | undefined): TranscriptSnapshot {
  const transcript = stream && transcriptOf(stream);
  const getSnapshot = transcript?.getSnapshot ?? getEmpty;
  return useSyncExternalStore(transcript?.subscribe ?? subscribeToNothing, getSnapshot, getSnapshot);
}

function transcriptOf(stream: Captioned): Transcript {
  const transcript = transcripts.get(stream) ?? createTranscript(stream);
  transcripts.set(stream, transcript);
  return transcript;
}
