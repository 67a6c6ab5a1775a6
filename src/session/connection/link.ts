import type { ServerData } from "../../protocol/messages.js";
import { Heartbeat, type HeartbeatTerms } from "./heartbeat.js";
import { RoundTrip } from "./round-trip.js";

export type Welcome = ServerData["server.welcome"];

/** A connection the server has welcomed: its terms, its health and its round trip. */
export class Link {
  readonly welcome: Welcome;
  readonly heartbeat: Heartbeat;
  readonly #name: string;
  readonly #roundTrip = new RoundTrip();
  #heartbeats = 0;
  #pending: { readonly id: string; readonly at: number } | undefined;
  /** Audio whose acknowledgement is being timed: one piece at a time. */
  #timed: { readonly position: number; readonly at: number } | undefined;

  /**
   * @param own what the application wants; `undefined` leaves the rhythm to the server and death to the transport.
   * @param openedAt when the opening went out: its answer is the first that is known of the round trip.
   */
  constructor(welcome: Welcome, own: HeartbeatTerms | undefined, name: string, openedAt: number, now: number) {
    this.welcome = welcome;
    this.#name = name;
    this.#roundTrip.measured(now - openedAt);
    const { interval_ms, timeout_ms } = welcome.hb;
    this.heartbeat = new Heartbeat(
      {
        intervalMs: Math.min(own?.intervalMs ?? interval_ms, interval_ms),
        // A server without audio may follow only its own rhythm and answer no heartbeat.
        timeoutMs: welcome.audio ? (own?.timeoutMs ?? timeout_ms) : Math.max(own?.timeoutMs ?? 0, timeout_ms),
        mortal: own !== undefined,
      },
      this.#roundTrip,
      now,
    );
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
    this.#roundTrip.measured(roundTripMs);
    return roundTripMs;
  }

  /** Nobody could act for a while, so that what is being timed would seem faster than it was. */
  excuse(): void {
    this.heartbeat.excuse();
    this.#pending = undefined;
    this.#timed = undefined;
  }

  /** Audio up to a position has gone out. */
  audioSent(position: number, now: number): void {
    this.#timed ??= { position, at: now };
  }

  /** More audio is acknowledged than before. */
  acknowledged(position: number, now: number): void {
    if (this.#timed === undefined || position < this.#timed.position) return;
    this.#roundTrip.measured(now - this.#timed.at);
    this.#timed = undefined;
  }
}
