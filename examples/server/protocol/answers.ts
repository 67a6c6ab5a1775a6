import { type AudioOffer, CloseCode, encodeServerMessage, type ServerData } from "loquilex/protocol";
import type { Refusal } from "./opening-judge.js";
import type { Gap } from "./outbox.js";
import type { PeerId, ProtocolOutput, SessionKey } from "./protocol-io.js";
import type { ServerTerms } from "./server-terms.js";
import type { TranscriptMemory } from "./transcript-memory.js";

/** A close frame has room for 123 bytes; sentences of the server are ASCII. */
const MAX_REASON_LENGTH = 120;

/** Samples that a client may have unacknowledged on the wire. */
export const windowOf = ({ windowMs }: ServerTerms, { sample_rate }: AudioOffer): number =>
  Math.max(1, Math.round((windowMs / 1_000) * sample_rate));

/** What every connection that becomes a session's is told first. */
export const welcome = (
  terms: ServerTerms,
  offer: AudioOffer,
  { secret, generation }: { readonly secret: string; readonly generation: number },
): ServerData["server.welcome"] => ({
  hb: { interval_ms: terms.heartbeatIntervalMs, timeout_ms: terms.heartbeatTimeoutMs },
  resume_window: { seconds: terms.resumeTtlMs / 1_000, token: secret },
  limits: { max_in_flight: terms.maxInFlight, max_msg_bytes: terms.maxMessageBytes },
  generation,
  audio: {
    encoding: offer.encoding,
    sample_rate: offer.sample_rate,
    channels: offer.channels,
    window: windowOf(terms, offer),
  },
});

/** Answers a client that begins. */
export const begun = (
  { sessionId, epoch }: SessionKey,
  reason: "created" | "unknown_session",
  audio: ServerData["session.new"]["audio"],
): ServerData["session.new"] => ({ session_id: sessionId, epoch, reason, audio });

/** Answers a client that resumes; the messages that it has missed follow. */
export const snapshot = (
  { sessionId, epoch }: SessionKey,
  currentSeq: number,
  gap: Gap | undefined,
  transcripts: TranscriptMemory,
): ServerData["session.snapshot"] => ({
  session_id: sessionId,
  epoch,
  current_seq: currentSeq,
  gap,
  ...transcripts.inSnapshot,
});

/** Ends the answer to a client that resumes. */
export const resumed = (
  { sessionId, epoch }: SessionKey,
  audio: ServerData["session.ack"]["audio"],
): ServerData["session.ack"] => ({ session_id: sessionId, status: "resumed", epoch, audio });

/** Tells a connection that it does not become any session's, and closes it. */
export function refuse(
  peer: PeerId,
  { code, error, detail, retryAfterMs }: Refusal,
  sessionId?: string,
): ProtocolOutput[] {
  const complaint = { code: error, detail, retry_after_ms: retryAfterMs };
  const data = encodeServerMessage("server.error", complaint, sessionId === undefined ? {} : { sid: sessionId });
  return [
    { type: "send", peer, data },
    { type: "close", peer, code, reason: detail.slice(0, MAX_REASON_LENGTH) },
  ];
}

/** Answers whoever something failed for in a way that nothing expected. */
export const failure = (detail: string): Refusal => ({
  code: CloseCode.internalError,
  error: "internal_error",
  detail,
});

export const TOO_EARLY: Refusal = {
  code: CloseCode.protocolViolation,
  error: "too_early",
  detail: "Wait for the answer before sending more.",
};
export const TOO_LATE: Refusal = {
  code: CloseCode.timeout,
  error: "timeout",
  detail: "The connection did not say who it is in time.",
};

export const unauthorized = (detail = "The token is missing or wrong."): Refusal => ({
  code: CloseCode.unauthorized,
  error: "unauthorized",
  detail,
});
