import type { ServerData } from "../protocol/messages.js";
import { Heartbeat, type HeartbeatTerms, type HeartbeatVerdict } from "./heartbeat.js";

export type Welcome = ServerData["server.welcome"];

/** A connection the server has welcomed: its terms, its health and its round trip. */
export class Link {
  readonly welcome: Welcome;
  readonly heartbeat: Heartbeat;
  readonly #name: string;
  #heartbeats = 0;
  #pending: { readonly id: string; readonly at: number } | undefined;

  /** @param own what the application wants; `undefined` leaves the rhythm to the server and death to the transport. */
  constructor(welcome: Welcome, own: HeartbeatTerms | undefined, name: string, now: number) {
    this.welcome = welcome;
    this.#name = name;
    const { interval_ms, timeout_ms } = welcome.hb;
    this.heartbeat = new Heartbeat(
      {
        intervalMs: Math.min(own?.intervalMs ?? interval_ms, interval_ms),
        // A server without audio may follow only its own rhythm and answer no heartbeat.
        timeoutMs: welcome.audio ? (own?.timeoutMs ?? timeout_ms) : Math.max(own?.timeoutMs ?? 0, timeout_ms),
        mortal: own !== undefined,
      },
      now,
    );
  }

  check(now: number, lateMs: number): HeartbeatVerdict {
    return this.heartbeat.check(now, lateMs);
  }

  /** @returns the name of a heartbeat that goes out now. */
  beat(now: number): string {
    this.#heartbeats += 1;
    const id = `hb-${this.#name}-${this.#heartbeats}`;
    this.#pending = { id, at: now };
    return id;
  }

  /** @returns the round trip in milliseconds, if this answers the last heartbeat. */
  answered(id: string | undefined, now: number): number | undefined {
    if (this.#pending === undefined || this.#pending.id !== id) return undefined;
    const roundTripMs = now - this.#pending.at;
    this.#pending = undefined;
    return roundTripMs;
  }
}
