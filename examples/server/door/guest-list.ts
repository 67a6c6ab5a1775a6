import type { Socket } from "node:net";
import { CloseCode } from "loquilex/protocol";
import type { Refusal } from "../protocol/opening-judge.js";
import { addressGroup } from "./address-group.js";

export interface GuestLimits {
  /** Connections in all, of whatever kind. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Connections that have not said yet what they want. */
  readonly waiting: number;
}

/** One connection, from its first packet on. */
interface Guest {
  readonly group: string;
  /** Tells it why it has to go, and lets go of it. */
  turnAway: (refusal: Refusal) => void;
}

/**
 * Connections beyond a limit that are still let in to be told so: a browser hides how a handshake failed, so that only
 * a WebSocket can say it. Those beyond these as well are answered over HTTP.
 */
const TOLD_OVER_WEBSOCKET = 64;
const RETRY_AFTER_MS = 5_000;

const refusal = (error: string, detail: string): Refusal => ({
  code: CloseCode.overloaded,
  error,
  detail,
  retryAfterMs: RETRY_AFTER_MS,
});
const TOO_MANY = refusal("too_many_connections", "The server has no room for another connection.");
const TOO_MANY_THERE = refusal("too_many_from_address", "Too many connections come from this address.");
const OVERTAKEN = refusal(
  "overtaken",
  "Too many others wait to say who they are, and this connection has waited longest.",
);

/**
 * Everybody who is connected, counted in all and by address. One who says nothing keeps nobody out: if too many are silent,
 * the one who has been so for longest has to go.
 */
export class GuestList {
  readonly #limits: GuestLimits;
  readonly #guests = new Map<string, Guest>();
  readonly #perGroup = new Map<string, number>();
  /** Oldest first. */
  readonly #waiting = new Map<string, Guest>();

  constructor(limits: GuestLimits) {
    this.#limits = limits;
  }

  /** A connection begins. @param answer ends it with a sentence while it has asked for nothing yet. */
  arrive(socket: Socket, answer: (refusal: Refusal) => void): void {
    const name = nameOf(socket);
    // One that has asked for another protocol, and is answered in this one, comes a second time.
    if (name === undefined || this.#guests.has(name)) return;
    const guest: Guest = { group: addressGroup(socket.remoteAddress ?? ""), turnAway: answer };
    this.#guests.set(name, guest);
    this.#perGroup.set(guest.group, this.#countOf(guest.group) + 1);
    this.#waiting.set(name, guest);
    socket.once("close", () => this.#leave(name, guest));
    const tooMany = this.#refuse(guest, TOLD_OVER_WEBSOCKET);
    if (tooMany !== undefined) this.#turnAway(name, guest, tooMany);
    for (const [oldest, silent] of this.#waiting) {
      if (this.#waiting.size <= this.#limits.waiting) break;
      this.#turnAway(oldest, silent, OVERTAKEN);
    }
  }

  /** Its connection is encrypted now. @param answer ends it with a sentence while it has asked for nothing yet. */
  secure(socket: Socket, answer: (refusal: Refusal) => void): void {
    const guest = this.#find(socket);
    if (guest !== undefined) guest.turnAway = answer;
  }

  /** It has become a WebSocket, which is told by other means. @returns why it has to go, if it has. */
  upgrade(socket: Socket, turnAway: (refusal: Refusal) => void): Refusal | undefined {
    const guest = this.#find(socket);
    if (guest === undefined) return undefined;
    guest.turnAway = turnAway;
    return this.#refuse(guest, 0);
  }

  /** It has said what it wants. */
  hear(socket: Socket): void {
    const name = nameOf(socket);
    if (name !== undefined) this.#waiting.delete(name);
  }

  #find(socket: Socket): Guest | undefined {
    const name = nameOf(socket);
    return name === undefined ? undefined : this.#guests.get(name);
  }

  #refuse({ group }: Guest, spare: number): Refusal | undefined {
    if (this.#guests.size > this.#limits.connections + spare) return TOO_MANY;
    return this.#countOf(group) > this.#limits.connectionsPerAddress + spare ? TOO_MANY_THERE : undefined;
  }

  #turnAway(name: string, guest: Guest, why: Refusal): void {
    this.#waiting.delete(name);
    guest.turnAway(why);
  }

  #leave(name: string, guest: Guest): void {
    this.#guests.delete(name);
    this.#waiting.delete(name);
    const left = this.#countOf(guest.group) - 1;
    if (left > 0) this.#perGroup.set(guest.group, left);
    else this.#perGroup.delete(guest.group);
  }

  #countOf(group: string): number {
    return this.#perGroup.get(group) ?? 0;
  }
}

/** The same for a connection and for what TLS makes of it; `undefined` if it is gone already. */
const nameOf = ({ remoteAddress, remotePort }: Socket): string | undefined =>
  remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort}`;
