import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { encodeClientMessage, SUBPROTOCOL } from "loquilex/protocol";
import { deferred } from "loquilex/resources";
import type { LatencyHistogram } from "./latency-histogram.js";
import { type FrameTemplate, maskedText } from "./masked-message.js";
import { ServerMessages } from "./server-messages.js";

/** Frames whose time of sending is remembered until an acknowledgement covers them. */
const REMEMBERED = 1_024;
const ACKNOWLEDGEMENT = /"t":"audio\.ack".*"position":(\d+)/;

export interface LoadStreamOptions {
  readonly port: number;
  readonly path: string;
  /** Whether the receiver is a bare one, which neither greets nor acknowledges. */
  readonly bare: boolean;
  readonly frameSamples: number;
  readonly latencies: LatencyHistogram;
}

/** One speaker, who costs the machine as little as possible: a TCP socket, and frames that were made before. */
export class LoadStream {
  readonly #options: LoadStreamOptions;
  readonly #socket: Socket;
  readonly #sessionId = randomBytes(16).toString("hex");
  readonly #opened = deferred<void>();
  readonly #sentAt = new Float64Array(REMEMBERED);
  #upgraded = false;
  #sentFrames = 0;
  #acknowledgedFrames = 0;
  /** Number of the last message that the server numbered, and of the last one that it was told of. */
  #seq = 0;
  #toldSeq = 0;
  #end: string | undefined;

  constructor(options: LoadStreamOptions) {
    this.#options = options;
    const messages = new ServerMessages({
      onText: (text) => this.#take(text),
      onClose: (code, reason) => this.#ended(`closed with ${code}: ${reason}`),
    });
    this.#socket = connect({ port: options.port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("connect", () => this.#socket.write(this.#upgradeRequest()));
    this.#socket.on("error", (error) => this.#ended(error.message));
    this.#socket.on("close", () => this.#ended("the connection ended"));
    this.#socket.on("data", (chunk) => {
      if (this.#upgraded) messages.push(chunk);
      else this.#takeUpgrade(chunk);
    });
  }

  /** Resolves when audio may be sent. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** How the connection ended; `undefined` while it goes on. */
  get end(): string | undefined {
    return this.#end;
  }

  get isAcknowledged(): boolean {
    return this.#end === undefined && this.#acknowledgedFrames === this.#sentFrames;
  }

  /** Sends the next frame. */
  send(template: FrameTemplate, now: number): void {
    this.#sentAt[this.#sentFrames % REMEMBERED] = now;
    this.#socket.write(template.at(this.#sentFrames * this.#options.frameSamples));
    if (this.#socket.writableLength > 0) template.detach();
    this.#sentFrames += 1;
  }

  /** Acknowledges the server's numbered messages. */
  acknowledge(): void {
    if (this.#toldSeq === this.#seq || this.#end !== undefined) return;
    this.#toldSeq = this.#seq;
    this.#write(encodeClientMessage("client.ack", { ack_seq: this.#seq }, { sid: this.#sessionId }));
  }

  close(): void {
    this.#socket.destroy();
  }

  #upgradeRequest(): string {
    const { path, port } = this.#options;
    const head = [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
    ];
    return `${head.join("\r\n")}\r\n\r\n`;
  }

  #takeUpgrade(chunk: Buffer): void {
    const answer = chunk.toString("latin1");
    if (!answer.startsWith("HTTP/1.1 101 ") || !answer.endsWith("\r\n\r\n")) {
      this.#ended(`the handshake was answered with ${JSON.stringify(answer)}`);
      return;
    }
    this.#upgraded = true;
    if (this.#options.bare) this.#opened.resolve();
    else this.#hello();
  }

  #hello(): void {
    const hello = encodeClientMessage(
      "client.hello",
      {
        agent: "load",
        accept: ["audio/1"],
        ack_mode: "cumulative",
        max_in_flight: 64,
        session_id: this.#sessionId,
        client_id: randomBytes(16).toString("hex"),
        attempt: 1,
        audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 0 },
      },
      { sid: this.#sessionId },
    );
    this.#write(hello);
  }

  #write(text: string): void {
    this.#socket.write(maskedText(text));
  }

  #take(text: string): void {
    const [, position] = ACKNOWLEDGEMENT.exec(text) ?? [];
    if (position !== undefined) {
      this.#takeAcknowledgement(Number(position));
      return;
    }
    const { t, seq } = JSON.parse(text) as { readonly t: string; readonly seq?: number };
    if (seq !== undefined) this.#seq = seq;
    if (t === "session.new") this.#opened.resolve();
  }

  #takeAcknowledgement(position: number): void {
    const now = performance.now();
    const frames = Math.floor(position / this.#options.frameSamples);
    for (; this.#acknowledgedFrames < frames; this.#acknowledgedFrames += 1) {
      this.#options.latencies.add(now - (this.#sentAt[this.#acknowledgedFrames % REMEMBERED] ?? 0));
    }
  }

  #ended(how: string): void {
    this.#end ??= how;
    this.#socket.destroy();
    // Whoever waits for the beginning is told the same.
    this.#opened.resolve();
  }
}
