import { AudioStreamError } from "../errors.js";
import { CloseCode } from "../protocol/close-codes.js";
import type { AudioRange } from "./range-set.js";

/** What the server said about itself in a `server.error` shortly before it closed. */
export interface ServerComplaint {
  readonly code: string;
  readonly detail: string;
  readonly retryAfterMs: number | undefined;
}

const MEANINGS: Readonly<Record<number, string>> = {
  [CloseCode.forbidden]: "This client may not use the session. Check the account's rights, or start a new session.",
  [CloseCode.unsupported]: "It does not support this protocol version, encoding or rate. Use settings it supports.",
  [CloseCode.tooLarge]: "The session has reached the server's size limit. Start a new session.",
};

export function closedByServer(code: number, reason: string, complaint: ServerComplaint | undefined): AudioStreamError {
  const said = complaint === undefined ? reason : `${complaint.code}: ${complaint.detail}`;
  const details = { closeCode: code, closeReason: reason };
  if (code === CloseCode.unauthorized) {
    return new AudioStreamError(
      "unauthorized",
      "The server refused the access token. Sign in again, or ask whoever runs this page for a new token.",
      { details: undefined },
    );
  }
  if (code === CloseCode.inUse) return sessionInUse();
  if (code === CloseCode.superseded) return sessionSuperseded();
  const meaning = MEANINGS[code];
  if (meaning !== undefined) {
    return new AudioStreamError(
      "rejected-by-server",
      `The server refused the stream (${code}${saying(said)}). ${meaning}`,
      {
        details,
      },
    );
  }
  return new AudioStreamError(
    "connection-lost",
    `The connection was lost (${code}${saying(said)}). Audio is kept and sent again once the server can be reached.`,
    { details },
  );
}

export const sessionInUse = (): AudioStreamError =>
  new AudioStreamError(
    "session-in-use",
    "Another tab or client holds this session. Close it there, take it over with the takeover option, or use another sessionId.",
    { details: undefined },
  );

export const sessionSuperseded = (): AudioStreamError =>
  new AudioStreamError(
    "session-superseded",
    "Another tab or client took this session over. Start a new stream to go on here.",
    { details: undefined },
  );

export const endedByServer = (reason: string): AudioStreamError =>
  new AudioStreamError(
    "rejected-by-server",
    `The server ended the session${saying(reason)}. Start a new stream to go on.`,
    { details: { closeCode: CloseCode.normal, closeReason: reason } },
  );

export const heartbeatTimeout = (timeoutMs: number): AudioStreamError =>
  new AudioStreamError(
    "heartbeat-timeout",
    `The server was silent and did not answer within ${Math.round(timeoutMs)} ms. The connection is being replaced.`,
    { details: { timeoutMs } },
  );

export const connectTimeout = (timeoutMs: number): AudioStreamError =>
  new AudioStreamError(
    "connect-timeout",
    `The server did not answer within ${Math.round(timeoutMs)} ms. Check the network and the server's address.`,
    { details: { timeoutMs } },
  );

export const protocolViolation = (what: string): AudioStreamError =>
  new AudioStreamError(
    "protocol-violation",
    `The server broke the protocol: ${what} The connection is being replaced; if this repeats, the server needs mending.`,
    { details: undefined },
  );

export const serverComplained = ({ code, detail }: ServerComplaint): AudioStreamError =>
  new AudioStreamError(
    "protocol-violation",
    `The server reported an error (${code}${saying(detail)}). The stream goes on.`,
    { details: undefined },
  );

export const audioRefused = (): AudioStreamError =>
  new AudioStreamError(
    "audio-refused",
    "The server takes no audio on this connection, so audio stays in the buffer until that is full. Use a server that grants audio/1.",
    { details: undefined },
  );

export const messageTooLarge = (messageBytes: number, maxMessageBytes: number): AudioStreamError =>
  new AudioStreamError(
    "message-too-large",
    `The server takes messages of at most ${maxMessageBytes} bytes, and one of ${messageBytes} bytes has to be sent that cannot be split. Raise the server's limit, or use another encoding, shorter frames or a shorter token.`,
    { details: { messageBytes, maxMessageBytes } },
  );

export function audioDropping({ from, to }: AudioRange, sampleRate: number): AudioStreamError {
  const durationMs = ((to - from) / sampleRate) * 1_000;
  return new AudioStreamError(
    "audio-dropping",
    `Audio is being lost, ${Math.round(durationMs)} ms so far, because more was captured than could be sent or kept. If the server may be away for long, allow more with replay.maxDurationMs and replay.maxBytes.`,
    { details: { from, to, durationMs } },
  );
}

export const bufferOverflow = (droppedFrames: number): AudioStreamError =>
  new AudioStreamError(
    "buffer-overflow",
    "The replay buffer is full because the server takes no audio. Allow more with replay.maxDurationMs and replay.maxBytes, or drop the oldest.",
    { details: { droppedFrames } },
  );

export const closeTimeout = (timeoutMs: number, unacknowledgedFrames: number): AudioStreamError =>
  new AudioStreamError(
    "close-timeout",
    `The server did not confirm the end within ${Math.round(timeoutMs)} ms; ${unacknowledgedFrames} frames were not acknowledged. Give close() a longer timeoutMs on slow networks.`,
    { details: { unacknowledgedFrames } },
  );

/** Ends the retries. A server that was never reached keeps the error of the last attempt. */
export function givenUp(last: AudioStreamError, attempts: number, everConnected: boolean): AudioStreamError {
  if (!everConnected || last.code === "unauthorized") return last;
  return new AudioStreamError(
    "retries-exhausted",
    `The connection could not be restored in ${attempts} attempts. Check the network, then start a new stream. Last error: ${last.message}`,
    { details: { attempts }, cause: last },
  );
}

const saying = (text: string): string => (text === "" ? "" : `, "${text}"`);
