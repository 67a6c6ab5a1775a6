import type { AudioStreamError } from "../../errors.js";
import { CloseCode, isFatalCloseCode } from "../../protocol/close-codes.js";
import type { Failure } from "../retry/reconnector.js";
import { closedByServer } from "../session-errors.js";
import type { ConnectionLoss } from "../session-io.js";
import type { Connection } from "./connection.js";

export type LossVerdict =
  /** Another attempt would get the same answer. */
  | { readonly type: "final"; readonly error: AudioStreamError }
  | { readonly type: "temporary"; readonly failure: Failure }
  /** The access token may have expired; another one may be taken. */
  | { readonly type: "renewal"; readonly failure: Failure };

/** Decides what the loss of a connection means for the next one. @param renewable whether a fresh access token can be had. */
export function judgeLoss(
  loss: ConnectionLoss,
  { complaints, link }: Connection,
  renewable: boolean,
  now: number,
): LossVerdict {
  if (loss.kind === "failed") {
    const { error } = loss;
    if (!error.retryable) return { type: "final", error };
    return { type: "temporary", failure: { error, endedBy: "here", retryAfterMs: complaints.leftMs(now) } };
  }
  const { code, reason } = loss;
  // A connection that just breaks is no answer, and a server's wish holds for what is left of its time.
  const retryAfterMs = code === 1006 ? complaints.leftMs(now) : complaints.retryAfterMs(now);
  const maxMessageBytes = link?.welcome.limits.max_msg_bytes;
  const error = closedByServer({ code, reason, complaint: complaints.latest, retryAfterMs, maxMessageBytes });
  if (code === CloseCode.unauthorized && renewable) {
    return { type: "renewal", failure: { error, endedBy: "here", retryAfterMs } };
  }
  if (isFatalCloseCode(code) && retryAfterMs === undefined) return { type: "final", error };
  const endedBy = code === 1006 || code === CloseCode.replaced ? "there" : "server";
  return { type: "temporary", failure: { error, endedBy, retryAfterMs } };
}
