import type { RunningNews } from "../../host/running-client.js";
import { toStreamError } from "../stream-errors.js";
import { DropEvent, ReconnectedEvent, ReconnectingEvent } from "./events.js";

/** What the application hears of what the running side reports; `undefined` if that is no event of its own. */
export function toStreamEvent(event: RunningNews, sampleRate: number): Event | undefined {
  switch (event.type) {
    case "connected":
      return event.reconnection && new ReconnectedEvent(event.reconnection);
    case "reconnecting":
      return new ReconnectingEvent({ ...event, error: toStreamError(event.error) });
    case "message":
      return new MessageEvent("message", { data: event.message });
    case "drop": {
      const { from, to } = event.range;
      return new DropEvent({ from, to, durationMs: ((to - from) / sampleRate) * 1_000 });
    }
    default:
      return undefined;
  }
}
