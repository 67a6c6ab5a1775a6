import type { AudioOffer, ServerData } from "../../protocol/messages.js";

/** The stream's own limits do not matter to a server that keeps nothing and is in the same program. */
const HEARTBEAT = { interval_ms: 30_000, timeout_ms: 120_000 };
const RESUME_WINDOW_SEC = 86_400;
const LIMITS = { max_in_flight: 1_000, max_msg_bytes: 1_000_000 };
/** Audio is released when it is said, which may take as long as somebody speaks without a pause. */
const WINDOW_SEC = 3_600;

/** Audio may come as fast as it likes: a service's pace is kept before the service. */
export const PACE = 100;

export const welcomeTo = ({ encoding, sample_rate, channels }: AudioOffer): ServerData["server.welcome"] => ({
  hb: HEARTBEAT,
  resume_window: { seconds: RESUME_WINDOW_SEC },
  limits: LIMITS,
  audio: { encoding, sample_rate, channels, window: WINDOW_SEC * sample_rate },
});
