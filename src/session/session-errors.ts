import { AudioStreamError } from "../errors.js";
import type { AudioRange } from "../internal/range-set.js";
import { CloseCode } from "../protocol/close-codes.js";
import type { ServerData } from "../protocol/messages.js";
import type { ServerComplaint } from "./connection/server-complaints.js";
import type { SeqRange } from "./messages/message-ledger.js";
import type { SessionOptions } from "./session-options.js";

const MEANINGS: Readonly<Record<number, string>> = {
  [CloseCode.forbidden]: "This client may not use the session. Check the account's rights, or start a new session.",
  [CloseCode.unsupported]: "It does not support this protocol version, encoding or rate. Use settings it supports.",
  [CloseCode.tooLarge]: "The session has reached the server's size limit. Start a new session.",
};

/** A close, and what the server had said on the connection before it. */
export interface ServerClose {
  readonly code: number;
  readonly reason: string;
  readonly complaint: ServerComplaint | undefined;
  /** How long the server asked to wait: it is then no final refusal. */
  readonly retryAfterMs: number | undefined;
  /** What the server had announced. */
  readonly maxMessageBytes: number | undefined;
}

export function closedByServer(close: ServerClose): AudioStreamError {
  const { code, reason, complaint, retryAfterMs } = close;
  const said = complaint === undefined ? reason : `${complaint.code}: ${complaint.detail}`;
  const details = { closeCode: code, closeReason: reason };
  const next = retryAfterMs === undefined ? undefined : `It asked to come back after ${inSeconds(retryAfterMs)}.`;
  if (code === CloseCode.unauthorized) {
    return new AudioStreamError(
      "unauthorized",
      `The server refused the access token. ${next ?? "Sign in again, or ask whoever runs this page for a new token."}`,
      { details: undefined },
    );
  }
  if (code === CloseCode.inUse) return sessionInUse(next);
  if (code === CloseCode.superseded) return sessionSuperseded();
  const meaning = code === CloseCode.messageTooBig ? tooBig(close) : MEANINGS[code];
  if (meaning !== undefined) {
    const message = `The server refused the stream (${code}${saying(said)}). ${next ?? meaning}`;
    return new AudioStreamError("rejected-by-server", message, { details });
  }
  return new AudioStreamError(
    "connection-lost",
    `The connection was lost (${code}${saying(said)}). Audio is kept and sent again once the server can be reached.`,
    { details },
  );
}

function tooBig({ maxMessageBytes }: ServerClose): string {
  const limit = maxMessageBytes === undefined ? "" : `; it had announced a limit of ${maxMessageBytes} bytes`;
  return `A message was larger than it or a proxy on the way takes${limit}. Allow larger messages there, or use a shorter frameDurationMs.`;
}

/** The server asks its client to move to another connection. */
export const sentAway = (reason: string): AudioStreamError =>
  new AudioStreamError(
    "connection-lost",
    `The server asked for another connection (${CloseCode.serviceRestart}${saying(reason)}). Audio is kept and sent again.`,
    { details: { closeCode: CloseCode.serviceRestart, closeReason: reason } },
  );

/** The two ends can never agree: another attempt would get the same answer. */
export const protocolMismatch = (what: string): AudioStreamError =>
  new AudioStreamError(
    "protocol-mismatch",
    `The server does not speak this protocol as the stream does: ${what} Use a server and a package that fit each other.`,
    { details: undefined },
  );

/** @returns what is wrong with a grant of audio, if it is not the format that was offered. */
export function grantMismatch(
  offered: SessionOptions["format"],
  granted: ServerData["server.welcome"]["audio"],
): AudioStreamError | undefined {
  if (granted === undefined) return undefined;
  const wanted = `${offered.encoding}, ${offered.sampleRate} Hz, ${offered.channels} channel(s)`;
  const given = `${granted.encoding}, ${granted.sample_rate} Hz, ${granted.channels} channel(s)`;
  return wanted === given
    ? undefined
    : protocolMismatch(`it granted ${given}, and ${wanted} was offered. Audio would be misread.`);
}

/** @param next what happens now, if the refusal is not final. */
export const sessionInUse = (
  next = "Close it there, take it over with the takeover option, or use another sessionId.",
): AudioStreamError =>
  new AudioStreamError("session-in-use", `Another tab or client holds this session. ${next}`, { details: undefined });

export const sessionLockTimeout = (): AudioStreamError =>
  new AudioStreamError(
    "session-lock-timeout",
    "The browser did not say in time whether another tab holds this session. The stream goes on without that, and the server decides.",
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

/** @param phase what the attempt had come to. */
export function connectTimeout(timeoutMs: number, phase: "connecting" | "opening"): AudioStreamError {
  const message =
    phase === "connecting"
      ? `No connection could be opened within ${Math.round(timeoutMs)} ms, token and URL included. Check the network, the server's address, the functions that provide token and URL, and whether the browser asks the person for a permission.`
      : `A connection was opened, but the server did not answer within ${Math.round(timeoutMs)} ms. It may be overloaded, or not be a LoquiLex server: check the address.`;
  return new AudioStreamError("connect-timeout", message, { details: { timeoutMs } });
}

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

export const messagesMissing = (ranges: readonly SeqRange[]): AudioStreamError =>
  new AudioStreamError(
    "messages-missing",
    `Numbered messages of the server never came (${ranges.map(inWords).join(", ")}). Captions may be incomplete; if this repeats, the server needs mending.`,
    { details: { ranges } },
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

/** @param last why there was no connection when the time was over, if there was none. */
export function closeTimeout(
  { timeoutMs }: { readonly timeoutMs: number },
  { framesUnacknowledged: unacknowledgedFrames }: { readonly framesUnacknowledged: number },
  last: AudioStreamError | undefined,
): AudioStreamError {
  const within = `within ${Math.round(timeoutMs)} ms; ${unacknowledgedFrames} frames were not acknowledged.`;
  const message =
    last === undefined
      ? `The server did not confirm the end ${within} Give close() a longer timeoutMs on slow networks.`
      : `The end could not be said, because the server was not reached ${within} Last error: ${last.message}`;
  return new AudioStreamError("close-timeout", message, { details: { unacknowledgedFrames }, cause: last });
}

export interface GivenUp {
  /** In a row; the first was the loss of the connection. */
  readonly failures: number;
  readonly everConnected: boolean;
  /** How long the server asked to wait, if that is why. */
  readonly tooLongMs: number | undefined;
}

/** Ends the retries. A server that was never reached keeps the error of the last attempt. */
export function givenUp(last: AudioStreamError, { failures, everConnected, tooLongMs }: GivenUp): AudioStreamError {
  const wait =
    tooLongMs === undefined
      ? ""
      : ` The server asked to wait ${inSeconds(tooLongMs)}, which is longer than reconnect.maxElapsedMs allows.`;
  if (!everConnected || last.code === "unauthorized") {
    if (wait === "") return last;
    return new AudioStreamError(last.code, `${last.message}${wait}`, { details: last.details, cause: last });
  }
  const attempts = failures - 1;
  const tried = attempts === 0 ? "was lost and is not tried again" : `could not be restored in ${attempts} attempts`;
  return new AudioStreamError(
    "retries-exhausted",
    `The connection ${tried}.${wait} Check the network, then start a new stream. Last error: ${last.message}`,
    { details: { attempts }, cause: last },
  );
}

const inSeconds = (ms: number): string => `${Math.ceil(ms / 1_000)} seconds`;
const inWords = ({ fromSeq, toSeq }: SeqRange): string => (fromSeq === toSeq ? `${fromSeq}` : `${fromSeq} to ${toSeq}`);

const saying = (text: string): string => (text === "" ? "" : `, "${text}"`);
