import { CloseCode } from "loquilex/protocol";
import type { Opening } from "./protocol-io.js";
import type { ResumeSecrets } from "./resume-secrets.js";

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
  readonly secrets: ResumeSecrets;
}

export interface Refusal {
  readonly code: CloseCode;
  /** The code that `server.error` carries. */
  readonly error: string;
  readonly detail: string;
  /** Makes the refusal a temporary one. */
  readonly retryAfterMs?: number | undefined;
}

/** The session may be gone on with, by one who knows it or as if it had just been made. */
export interface Admission {
  readonly knows: boolean;
}

/** The longest time that a client may be asked to stay away. */
const MAX_RETRY_AFTER_MS = 86_400_000;

/** Decides in the order of PROTOCOL.md, section 8. A secret that is good makes the older ones void. */
export function judgeOpening({ kind, data }: Opening, session: HeldSession): Refusal | Admission {
  const retryAfterMs =
    session.freeInMs === undefined ? undefined : Math.min(Math.ceil(session.freeInMs), MAX_RETRY_AFTER_MS);
  if (data.client_id !== session.clientId) {
    const detail = retryAfterMs === undefined ? "Another client holds this session." : "Another client was cut off.";
    return { code: CloseCode.inUse, error: "in_use", detail, retryAfterMs };
  }
  if (data.attempt <= session.attempt) {
    const detail = "A newer connection of this client is known.";
    return { code: CloseCode.replaced, error: "stale", detail };
  }
  const knows = kind === "resume" && data.epoch === session.epoch && session.secrets.use(data.resume_token);
  if (!knows && session.confirmed) {
    if (kind === "resume") {
      return { code: CloseCode.forbidden, error: "invalid_resume_token", detail: "The resume secret is wrong." };
    }
    const detail = "The session is open already; resume it.";
    return { code: CloseCode.inUse, error: "in_use", detail, retryAfterMs };
  }
  if (kind === "resume" && knows && data.last_seq > session.lastSeq) {
    return { code: CloseCode.protocolViolation, error: "invalid_ack", detail: "last_seq was never sent." };
  }
  return { knows };
}

/**
 * Whether the session's own client comes with another lineage: it has been with another server meanwhile, which has gone
 * on with its audio, so that the lineage here is over.
 */
export function hasMovedOn({ kind, data }: Opening, session: HeldSession): boolean {
  if (kind !== "resume" || data.client_id !== session.clientId || data.attempt <= session.attempt) return false;
  return session.confirmed && data.epoch !== undefined && data.epoch !== session.epoch;
}
