import { sentenceOf } from "../../internal/text-of.js";
import type { DialectEvent, DialectSession, RemoteMessage } from "../dialect.js";

/** What a message of a service means. One that cannot be understood means that another session may do better. */
export function readMessage(session: DialectSession, message: RemoteMessage): readonly DialectEvent[] {
  try {
    return session.receive(message);
  } catch (cause) {
    const detail = `The service sent a message that cannot be understood: ${sentenceOf(cause)}`;
    return [{ type: "refused", verdict: { kind: "temporary", detail } }];
  }
}
