import type { AudioStreamErrorCode, StreamState } from "loquilex";

/** Each state as the page says it: the word, and what it means for the person speaking. */
export const STATE_WORDS: Readonly<Record<StreamState, { readonly title: string; readonly advice: string }>> = {
  idle: { title: "Ready", advice: "Press Start and allow the microphone." },
  warm: { title: "Ready", advice: "The microphone is on, and nothing is sent yet. Press Start." },
  starting: { title: "Starting", advice: "Allow the microphone if your browser asks." },
  streaming: { title: "Streaming", advice: "Speak. Your voice is going to the server." },
  paused: { title: "Paused", advice: "Nothing is recorded. Press Resume to go on." },
  interrupted: { title: "Interrupted", advice: "The microphone delivers nothing just now; it goes on by itself." },
  reconnecting: { title: "Reconnecting", advice: "Go on speaking. Your voice is kept and sent later." },
  closing: { title: "Finishing", advice: "The last words are on their way. Press Stop again to leave without them." },
  closed: { title: "Stopped", advice: "The microphone is off. Press Start for a new recording." },
};

/** Said when nothing but silence arrives although the microphone is on. */
export const SILENCE_ADVICE = "Nothing is heard. Check that the microphone is not muted.";

/** Said when the microphone is on and the first connection fails. */
export const UNREACHED_ADVICE = "The server cannot be reached yet. Your voice is kept meanwhile.";

/** The state of a stream that ended by an error. */
export const FAILED_WORDS = { title: "Stopped by an error", advice: "The microphone is off." };

/** The heading above an error's own sentence. */
export const ERROR_TITLES: Readonly<Record<AudioStreamErrorCode, string>> = {
  unsupported: "This browser cannot do it",
  "insecure-context": "This page's address is not secure",
  "permission-denied": "The microphone was not allowed",
  "device-not-found": "No microphone was found",
  "device-in-use": "The microphone is busy",
  "device-lost": "The microphone was disconnected",
  "device-timeout": "The microphone did not open",
  "device-fallback": "Another microphone is used",
  "worklet-load-failed": "The audio code could not be loaded",
  "capture-failed": "The microphone stopped working",
  "capture-interrupted": "The microphone is interrupted",
  "device-silent": "The microphone is silent",
  "signal-clipped": "The microphone is too loud",
  "encoder-failed": "The sound could not be encoded",
  "connect-failed": "The server cannot be reached",
  "connect-impossible": "The server's address cannot work here",
  "connect-timeout": "The server does not answer",
  "connection-lost": "The connection was lost",
  "heartbeat-timeout": "The connection went silent",
  unauthorized: "The access token was refused",
  "rejected-by-server": "The server refused the stream",
  "session-in-use": "The session is open elsewhere",
  "session-lock-timeout": "The browser is slow",
  "session-superseded": "The session goes on elsewhere",
  "audio-refused": "The server takes no audio",
  "protocol-violation": "The server said something unexpected",
  "protocol-mismatch": "The server speaks another language",
  "retries-exhausted": "The connection could not be restored",
  "messages-missing": "Captions are missing",
  "audio-dropping": "Audio is being lost",
  "message-too-large": "The server takes only smaller messages",
  "buffer-overflow": "Too much audio is waiting",
  "close-timeout": "The end was not confirmed",
  "worker-failed": "The background worker failed",
  "code-load-failed": "A part of this page could not be loaded",
  "internal-error": "Something unexpected happened",
  "invalid-state": "That is not possible now",
};
