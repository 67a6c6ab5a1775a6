import type { RunningNews } from "../../host/running-client.js";
import type { ServerMessage } from "../../protocol/messages.js";
import type { ResolvedOptions } from "../options/resolve-options.js";
import { toStreamError } from "../stream-errors.js";
import { CaptionEvent, DropEvent, LevelEvent, ReconnectedEvent, ReconnectingEvent } from "./events.js";

/** What the application hears of what the running side reports; `undefined` if that is no event of its own. */
export function toStreamEvent(
  event: RunningNews,
  { format, gate }: Pick<ResolvedOptions, "format" | "gate">,
): Event | undefined {
  switch (event.type) {
    case "connected":
      return event.reconnection && new ReconnectedEvent(event.reconnection);
    case "reconnecting":
      return new ReconnectingEvent({ ...event, error: toStreamError(event.error) });
    case "level":
      return new LevelEvent(event.level);
    case "speech":
      return gate?.toEvent(event);
    case "message":
      return new MessageEvent("message", { data: event.message });
    case "drop": {
      const { from, to } = event.range;
      return new DropEvent({ from, to, durationMs: ((to - from) / format.sampleRate) * 1_000 });
    }
    default:
      return undefined;
  }
}

/** The caption in a message of the server; `undefined` if there is none. */
export function toCaption(message: ServerMessage): CaptionEvent | undefined {
  if ("application" in message || (message.t !== "asr.partial" && message.t !== "asr.final")) return undefined;
  const { text, segment_id: segmentId, audio, words = [], replaces = [], speaker, language } = message.data;
  const final = message.t === "asr.final";
  return new CaptionEvent({
    text,
    final,
    segmentId,
    from: audio?.from,
    to: audio?.to,
    words,
    replaces,
    speaker,
    language,
  });
}
