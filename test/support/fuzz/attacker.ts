import { setTimeout as sleep } from "node:timers/promises";
import { SUBPROTOCOL } from "loquilex/protocol";
import { WebSocket } from "ws";
import type { Rng } from "../../simulation/rng.js";
import { aFrame, aMessage, anOffer, nonsense, type Offered } from "./mutated-messages.js";

/** Messages of one connection, if the server does not end it before. */
const MESSAGES = 60;
/** How long a server may take to answer a goodbye, and what is counted if it does not. */
const GOODBYE_MS = 5_000;
const SILENT = 0;
/** Messages that are sent before others get their turn. */
const AT_ONCE = 10;

/** Connects again and again, says hello more or less as it should, and sends what is nearly right. */
export class Attacker {
  /** Messages that were sent on open connections. */
  sent = 0;
  /** How connections were ended, with how often. */
  readonly codes = new Map<number, number>();
  readonly #url: string;
  readonly #rng: Rng;
  #sessions = 0;

  constructor(url: string, rng: Rng) {
    this.#url = url;
    this.#rng = rng;
  }

  /** Goes on until it has sent so many messages. */
  async send(messages: number): Promise<void> {
    while (this.sent < messages) await this.#connect();
  }

  async #connect(): Promise<void> {
    const socket = new WebSocket(this.#url, [SUBPROTOCOL]);
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    // "close" follows.
    socket.on("error", () => {});
    socket.on("message", () => {});
    await Promise.race([new Promise((resolve) => socket.once("open", resolve)), closed]);
    if (socket.readyState !== WebSocket.OPEN) return;
    const rng = this.#rng;
    const offered = anOffer(rng);
    const put = (data: string | Uint8Array): void => {
      socket.send(data, () => {});
      this.sent += 1;
    };
    const hello = this.#hello(offered);
    put(rng.chance(0.85) ? JSON.stringify(hello) : aMessage(rng, hello));
    let position = 0;
    for (let count = 1; count < MESSAGES && socket.readyState === WebSocket.OPEN; count += 1) {
      if (rng.chance(0.8)) {
        const frame = aFrame(rng, offered, position);
        position += new DataView(frame.buffer).byteLength < 4 ? 0 : (frame[2] ?? 0) + 256 * (frame[3] ?? 0);
        put(frame);
      } else put(rng.chance(0.2) ? nonsense(rng) : aMessage(rng, this.#message(hello, position)));
      if (count % AT_ONCE === 0) await new Promise(setImmediate);
    }
    if (rng.chance(0.5)) socket.close(rng.pick([1000, 4000]));
    else socket.terminate();
    const code = await Promise.race([closed, sleep(GOODBYE_MS, SILENT)]);
    socket.terminate();
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }

  #hello({ encoding, sampleRate, channels }: Offered) {
    this.#sessions += 1;
    const name = `fuzz-${this.#rng.whole(0, 2 ** 31)}-${this.#sessions}`;
    const audio = { encoding, sample_rate: sampleRate, channels, first: 0, next: 0 };
    const opening = { agent: "fuzz", accept: ["audio/1"], ack_mode: "cumulative", max_in_flight: 64, attempt: 1 };
    return { v: 1, t: "client.hello", data: { ...opening, session_id: name, client_id: name, audio } };
  }

  #message(hello: { readonly data: object }, position: number): object {
    const rng = this.#rng;
    return rng.pick<object>([
      { v: 1, t: "client.hb", id: "1", data: { ts: "now" } },
      { v: 1, t: "client.ack", data: { ack_seq: rng.whole(0, 3) } },
      { v: 1, t: "client.flow", data: { max_in_flight: rng.whole(1, 100) } },
      { v: 1, t: "client.end", data: { position } },
      { v: 1, t: "session.resume", data: { ...hello.data, last_seq: 0, epoch: 1, resume_token: "none" } },
    ]);
  }
}
