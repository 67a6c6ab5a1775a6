import type { ServerMessage } from "../../protocol/messages.js";
import { oneOf, record, ShapeError, whole } from "../../protocol/shape.js";

const events = record({ queue: oneOf("events"), from_seq: whole(), to_seq: whole() });

/** Returns the numbers, both ends included, that a `queue.drop` says will never come, if that is what it says. */
export function droppedEvents(message: ServerMessage): { from_seq: number; to_seq: number } | undefined {
  if (message.t !== "queue.drop") return undefined;
  try {
    return events(message.data, "data");
  } catch (error) {
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}
