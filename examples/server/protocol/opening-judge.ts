import { CloseCode, parseClientMessage, ShapeError, UnsupportedVersionError } from "loquilex/protocol";
import type { Message, Opening } from "./protocol-io.js";

/** What decides about an opening with the name of a session that there is. */
export interface HeldSession {
  readonly clientId: string;
  readonly epoch: number;
  /** Number of the client's connection that was attached last. */
  readonly attempt: number;
  /** The client has shown that it got an answer. */
  readonly confirmed: boolean;
  /** Number of the last message there is. */
  readonly lastSeq: number;
  /** When another client can have the session; `undefined` while its own is heard. */
  readonly freeInMs: number | undefined;
  /** Whether a client may resume with this secret. */
  isGoodSecret(secret: string | undefined): boolean;
}

export interface Refusal {
  readonly code: CloseCode;
  /** The code that `server.error` carries. */
  readonly error: string;
  readonly detail: string;
  /** Makes the refusal a temporary one. */
  readonly retryAfterMs?: number | undefined;
}

export type Judgement =
  | { readonly verdict: "refused"; readonly refusal: Refusal }
  /** The session goes on, with a client that knows it, or as if it had just been made. */
  | { readonly verdict: "attached"; readonly knows: boolean }
  /** The session is over, and another one of that name begins. */
  | { readonly verdict: "superseded"; readonly by: "another client" | "its own client" };

/** There is no place for another session. */
export const OVERLOADED: Refusal = {
  code: CloseCode.overloaded,
  error: "overloaded",
  detail: "The server has no room for another session.",
  retryAfterMs: 5_000,
};
/** The longest time that a client may be asked to stay away. */
const MAX_RETRY_AFTER_MS = 86_400_000;

/** Reads the first message of a connection. @throws ShapeError for anything but an opening. */
export function readOpening(data: Message): Opening {
  if (typeof data === "string") {
    const message = parseClientMessage(data);
    if (message.t === "client.hello") return { kind: "hello", data: message.data };
    if (message.t === "session.resume") return { kind: "resume", data: message.data };
  }
  throw new ShapeError("The first message must be client.hello or session.resume.");
}

/** How an opening is answered that cannot be read. */
export const refuseUnread = (error: ShapeError): Refusal =>
  error instanceof UnsupportedVersionError
    ? { code: CloseCode.unsupported, error: "unsupported_version", detail: error.message }
    : { code: CloseCode.protocolViolation, error: "invalid_message", detail: error.message };

/** Decides in the order of PROTOCOL.md, section 8, whose numbers these are. It changes nothing. */
export function judgeOpening({ kind, data }: Opening, session: HeldSession): Judgement {
  const retryAfterMs =
    session.freeInMs === undefined ? undefined : Math.min(Math.ceil(session.freeInMs), MAX_RETRY_AFTER_MS);
  // 1
  if (data.client_id !== session.clientId) {
    if (kind === "hello" && data.takeover === true) return { verdict: "superseded", by: "another client" };
    const detail = retryAfterMs === undefined ? "Another client holds this session." : "Another client was cut off.";
    return refused({ code: CloseCode.inUse, error: "in_use", detail, retryAfterMs });
  }
  // 2
  if (data.attempt <= session.attempt) {
    const detail = "A newer connection of this client is known.";
    return refused({ code: CloseCode.replaced, error: "stale", detail });
  }
  // 3
  if (kind === "resume" && data.epoch === session.epoch && session.isGoodSecret(data.resume_token)) {
    if (data.last_seq <= session.lastSeq) return { verdict: "attached", knows: true };
    return refused({ code: CloseCode.protocolViolation, error: "invalid_ack", detail: "last_seq was never sent." });
  }
  // 4
  if (!session.confirmed) return { verdict: "attached", knows: false };
  // 5
  if (kind === "resume" && data.epoch !== undefined && data.epoch !== session.epoch) {
    return { verdict: "superseded", by: "its own client" };
  }
  // 6
  if (kind === "resume") {
    const detail = "The resume secret is wrong.";
    return refused({ code: CloseCode.forbidden, error: "invalid_resume_token", detail });
  }
  const detail = "The session is open already; resume it.";
  return refused({ code: CloseCode.inUse, error: "in_use", detail, retryAfterMs });
}

const refused = (refusal: Refusal): Judgement => ({ verdict: "refused", refusal });
