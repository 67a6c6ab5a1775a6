import { CloseCode } from "../../protocol/close-codes.js";
import { fitText } from "../../protocol/fit-text.js";
import { MAX_SENTENCE_LENGTH } from "../../protocol/limits.js";
import type { Verdict } from "../dialect.js";

/** How a server of this protocol says that a connection is over. */
export interface Refusal {
  readonly error: string;
  readonly closeCode: number;
  readonly detail: string;
  readonly retryAfterMs?: number | undefined;
}

const BUSY_RETRY_MS = 5_000;
/** What a WebSocket calls a connection that ended without a close frame. */
const NETWORK_LOSS = 1006;

/** What a service's verdict is to a stream. */
export function refusalOf({ kind, detail: whole, retryAfterMs = BUSY_RETRY_MS }: Verdict): Refusal {
  const detail = fitText(whole, MAX_SENTENCE_LENGTH);
  switch (kind) {
    case "temporary":
      return { error: "service_lost", closeCode: NETWORK_LOSS, detail };
    case "busy":
      return { error: "service_busy", closeCode: CloseCode.tryAgainLater, detail, retryAfterMs };
    case "token":
      return { error: "unauthorized", closeCode: CloseCode.unauthorized, detail };
    case "final":
      return { error: "service_refused", closeCode: CloseCode.forbidden, detail };
  }
}

/** The stream's audio, or the dialect's options, cannot be. */
export const unsupported = (detail: string): Refusal => ({
  error: "unsupported_format",
  closeCode: CloseCode.unsupported,
  detail: fitText(detail, MAX_SENTENCE_LENGTH),
});
