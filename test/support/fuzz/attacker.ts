import { setTimeout as sleep } from "node:timers/promises";
import { SUBPROTOCOL } from "loquilex/protocol";
import { WebSocket } from "ws";
import type { Rng } from "../../simulation/rng.js";
import { Waiting } from "../waiting.js";
import { aFrame, aMessage, anOffer, nonsense, type Offered } from "./mutated-messages.js";

/** Messages of one connection, if the server does not end it before. */
const MESSAGES = 60;
/** How long a server may take to answer a goodbye, and what is counted if it does not. */
const GOODBYE_MS = 5_000;
const SILENT = 0;
/** Messages that are sent before the server has to have looked at them. */
const AT_ONCE = 10;

/** Connects again and again, says hello more or less as it should, and sends what is nearly right. */
export class Attacker {
  /** Messages that the server has looked at. What reached a connection that it was already closing does not count. */
  examined = 0;
  /** How connections were ended, with how often. */
  readonly codes = new Map<number, number>();
  readonly #url: string;
  readonly #rng: Rng;
  #sessions = 0;

  constructor(url: string, rng: Rng) {
    this.#url = url;
    this.#rng = rng;
  }

  /** Goes on until the server has looked at so many messages more. */
  async attack(messages: number): Promise<void> {
    const enough = this.examined + messages;
    while (this.examined < enough) await this.#connect();
  }

  async #connect(): Promise<void> {
    const socket = new WebSocket(this.#url, [SUBPROTOCOL]);
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    // "close" follows.
    socket.on("error", () => {});
    socket.on("message", () => {});
    await Promise.race([new Promise((resolve) => socket.once("open", resolve)), closed]);
    if (socket.readyState !== WebSocket.OPEN) return;
    await this.#speak(socket, closed);
    // The one for which the server closes the connection gets no answer any more.
    if (socket.readyState !== WebSocket.OPEN) this.examined += 1;
    if (this.#rng.chance(0.5)) socket.close(this.#rng.pick([1000, 4000]));
    else socket.terminate();
    const code = await Promise.race([closed, sleep(GOODBYE_MS, SILENT)]);
    socket.terminate();
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1);
  }

  /** Sends until it has said everything or the server has heard enough. */
  async #speak(socket: WebSocket, closed: Promise<unknown>): Promise<void> {
    const rng = this.#rng;
    const offered = anOffer(rng);
    const hello = this.#hello(offered);
    let position = 0;
    let unanswered = 0;
    const waiting = new Waiting();
    void closed.then(() => waiting.changed());
    socket.on("pong", () => {
      this.examined += 1;
      unanswered -= 1;
      waiting.changed();
    });
    const put = (data: string | Uint8Array): void => {
      socket.send(data, () => {});
      // Its answer says that the server is done with the message and has not closed the connection for it.
      socket.ping(undefined, undefined, () => {});
      unanswered += 1;
    };
    put(rng.chance(0.85) ? JSON.stringify(hello) : aMessage(rng, hello));
    for (let count = 1; count < MESSAGES && socket.readyState === WebSocket.OPEN; count += 1) {
      if (rng.chance(0.8)) {
        const frame = aFrame(rng, offered, position);
        position += new DataView(frame.buffer).byteLength < 4 ? 0 : (frame[2] ?? 0) + 256 * (frame[3] ?? 0);
        put(frame);
      } else put(rng.chance(0.2) ? nonsense(rng) : aMessage(rng, this.#message(hello, position)));
      if (count % AT_ONCE === 0) await waiting.until(() => unanswered === 0 || socket.readyState === WebSocket.CLOSED);
    }
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
