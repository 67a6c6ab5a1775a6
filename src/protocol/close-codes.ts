/** WebSocket close codes of the protocol; 4000 and 4400 to 4429 are its own. */
export const CloseCode = {
  /** The end of the session, as it was asked for. */
  normal: 1000,
  /** A page or a server goes away. */
  goingAway: 1001,
  /** A message was larger than the other end takes. */
  messageTooBig: 1009,
  /** Something failed at the server. */
  internalError: 1011,
  /** Said on a deploy: come back after a moment. */
  serviceRestart: 1012,
  /** The server cannot serve this connection now. */
  tryAgainLater: 1013,
  /** Said by a client that moves to a new connection and will be back. */
  rollover: 4000,
  /** A message that breaks the protocol; the reason names the field. */
  protocolViolation: 4400,
  /** The token is missing, or is not accepted. */
  unauthorized: 4401,
  /** This client may not do that, whatever its token says. */
  forbidden: 4403,
  /** Version, encoding or extension that this server does not speak. */
  unsupported: 4406,
  /** Nothing, or no answer, arrived in time. */
  timeout: 4408,
  /** Another client holds this session id. */
  inUse: 4409,
  /** Another client took the session over. */
  superseded: 4410,
  /** The same client came back on a newer connection. */
  replaced: 4411,
  /** The session, or the audio it may hold, is larger than the server allows. */
  tooLarge: 4413,
  /** Too many sessions; the error before the close says when to come back. */
  overloaded: 4429,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/**
 * Codes after which the same request can only fail again, unless the server has said on that connection when to come back.
 * Everything else is worth another try.
 */
const FATAL: readonly (keyof typeof CloseCode)[] = [
  "messageTooBig",
  "unauthorized",
  "forbidden",
  "unsupported",
  "inUse",
  "superseded",
  "tooLarge",
];

/** Whether a client must not try again after this code, if no `retry_after_ms` came before it. */
export const isFatalCloseCode = (code: number): boolean => FATAL.some((name) => CloseCode[name] === code);

/** What a close frame has room for. */
const MAX_CLOSE_REASON_BYTES = 123;

/** The beginning of a text that fits into a close frame; `close()` throws for more. */
export function fitCloseReason(reason: string): string {
  const room = new Uint8Array(MAX_CLOSE_REASON_BYTES);
  const { written } = new TextEncoder().encodeInto(reason, room);
  return new TextDecoder().decode(room.subarray(0, written));
}
