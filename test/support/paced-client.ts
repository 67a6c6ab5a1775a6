import { setTimeout as sleep } from "node:timers/promises";
import type { ServerData } from "loquilex/protocol";
import type { BackendProcess } from "./backend-process.js";
import { RawClient } from "./raw-client.js";

const FRAME_SAMPLES = 320;
const FRAME_MS = 20;

/** Speaks in real time, 50 frames a second, and measures how long each waits for its acknowledgement. */
export class PacedClient {
  readonly #client: RawClient;
  readonly #latencies: number[] = [];
  readonly #stop = new AbortController();
  readonly #speaking: Promise<void>;

  private constructor(client: RawClient) {
    this.#client = client;
    const sentAt: number[] = [];
    let acknowledged = 0;
    client.socket.on("message", () => {
      const now = performance.now();
      const last = client.received.at(-1);
      // Or the server would say no more after a minute, as many messages as may be in flight.
      if (last?.seq !== undefined) client.send("client.ack", { ack_seq: last.seq });
      if (last?.t !== "audio.ack") return;
      for (; acknowledged < (last.data as ServerData["audio.ack"]).position / FRAME_SAMPLES; acknowledged += 1) {
        this.#latencies.push(now - (sentAt[acknowledged] ?? now));
      }
    });
    this.#speaking = this.#speak(sentAt);
  }

  static async start({ webSocketUrl }: BackendProcess): Promise<PacedClient> {
    const client = await RawClient.connect(webSocketUrl);
    client.hello();
    await client.until("session.new");
    return new PacedClient(client);
  }

  /**
   * Ends the stream as it should be. @returns how long the slowest one of a hundred frames waited, and how many there were.
   * @throws Error if the server ends it before.
   */
  async end(): Promise<{ readonly p99Ms: number; readonly frames: number }> {
    this.#stop.abort();
    await this.#speaking;
    const closed = await Promise.race([this.#client.until("session.end"), this.#client.untilClosed()]);
    if (closed !== undefined) throw new Error(`The server ended the stream with ${closed.code}: ${closed.reason}`);
    this.#client.socket.close(1000);
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    return { p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.POSITIVE_INFINITY, frames: sorted.length };
  }

  async #speak(sentAt: number[]): Promise<void> {
    const startedAt = performance.now();
    for (let frame = 0; !this.#stop.signal.aborted; frame += 1) {
      await sleep(Math.max(0, startedAt + frame * FRAME_MS - performance.now()));
      sentAt.push(performance.now());
      this.#client.sendFrame(frame * FRAME_SAMPLES, FRAME_SAMPLES);
    }
    this.#client.send("client.end", { position: sentAt.length * FRAME_SAMPLES });
  }
}
