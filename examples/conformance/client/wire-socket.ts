import { createHash, randomBytes } from "node:crypto";
import { type ClientRequest, type IncomingMessage, request as plainRequest } from "node:http";
import { request as secureRequest } from "node:https";
import type { Socket } from "node:net";
import { deferred, systemClock } from "loquilex/resources";

/** What a handshake may take on a machine that is busy with other things. */
const HANDSHAKE_MS = 30_000;
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
/** Said of a connection that ended without a close frame, and of a close frame without a code. */
const ABNORMAL = 1006;
const NO_CODE = 1005;

export interface WireSocketEvents {
  onMessage(data: string | Uint8Array<ArrayBuffer>): void;
  /** Called once. Afterwards nothing comes. */
  onClosed(code: number, reason: string): void;
}

export interface WireSocketOptions {
  readonly protocols: readonly string[];
  /** What a browser would send of the page. */
  readonly origin?: string | undefined;
}

/**
 * A WebSocket (RFC 6455) of the kit's own, which is part of a package without dependencies; Node 20 has none. It also shows what
 * neither those of platforms nor that of `ws` do: a handshake with a subprotocol that should not be there goes on, a connection can
 * be reset, and one whose client does not read can be asked how much has come.
 */
export class WireSocket {
  /** The subprotocol that the server echoed; empty if none. */
  readonly protocol: string;
  readonly #socket: Socket;
  #events: WireSocketEvents | undefined;
  #unread: Buffer<ArrayBufferLike>;
  #fragments: Buffer[] = [];
  #fragmentsOpcode: number = Opcode.text;
  #farewell: { readonly code: number; readonly reason: string } | undefined;
  #isOver = false;
  readonly #pings: (() => void)[] = [];

  /** Use {@link connect}. */
  constructor(socket: Socket, protocol: string, head: Buffer) {
    this.#socket = socket;
    this.protocol = protocol;
    this.#unread = head;
    socket.setNoDelay(true);
    // "close" follows.
    socket.on("error", () => {});
  }

  /** @throws Error that says how the handshake was refused. */
  static async connect(url: string, options: WireSocketOptions): Promise<WireSocket> {
    const key = randomBytes(16).toString("base64");
    const { socket, answer, head } = await upgrade(url, key, options);
    const expected = createHash("sha1").update(`${key}${ACCEPT_SUFFIX}`).digest("base64");
    if (answer.headers["sec-websocket-accept"] !== expected) {
      socket.destroy();
      throw new Error("The server's answer to the WebSocket handshake has a wrong Sec-WebSocket-Accept.");
    }
    return new WireSocket(socket, answer.headers["sec-websocket-protocol"] ?? "", head);
  }

  /** Tells everything that comes from now on. To be called once, and before anything else happens. */
  listen(events: WireSocketEvents): void {
    this.#events = events;
    this.#socket.on("data", (bytes) => {
      this.#unread = this.#unread.byteLength === 0 ? bytes : Buffer.concat([this.#unread, bytes]);
      this.#readFrames();
    });
    this.#socket.on("end", () => this.#socket.end());
    this.#socket.on("close", () => this.#finish());
    this.#readFrames();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Bytes that wait to be sent because the server does not read. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Bytes that came, whole messages or not. */
  get readBytes(): number {
    return this.#socket.bytesRead;
  }

  send(data: string | Uint8Array): void {
    if (typeof data === "string") this.#write(Opcode.text, Buffer.from(data));
    else this.#write(Opcode.binary, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  }

  /** Sends a text many times over, with few calls of the system. */
  sendOften(text: string, times: number): void {
    this.#socket.cork();
    for (let count = 0; count < times; count += 1) this.send(text);
    this.#socket.uncork();
  }

  /** Resolves with how long the answer to a ping took, in milliseconds, which comes after everything that was sent before. */
  async ping(): Promise<number> {
    const at = systemClock.now();
    const answer = deferred<void>();
    this.#pings.push(answer.resolve);
    this.#write(Opcode.ping, Buffer.alloc(0));
    await answer.promise;
    return systemClock.now() - at;
  }

  close(code: number): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#write(Opcode.close, payload);
  }

  /** Reads nothing more until {@link resume}. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Lets the connection end without a goodbye, as when a page is closed. */
  leave(): void {
    this.#socket.destroy();
  }

  /** Resets the connection, as a network does that forgot it. */
  tearAway(): void {
    if (this.#socket.destroyed) return;
    this.#socket.resetAndDestroy();
  }

  #write(opcode: number, payload: Buffer): void {
    if (this.#isOver || this.#socket.destroyed) return;
    const length = payload.byteLength;
    const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
    const frame = Buffer.alloc(2 + extra + 4 + length);
    frame[0] = 0x80 | opcode;
    frame[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
    if (extra === 2) frame.writeUInt16BE(length, 2);
    if (extra === 8) frame.writeBigUInt64BE(BigInt(length), 2);
    const mask = randomBytes(4);
    mask.copy(frame, 2 + extra);
    const start = 6 + extra;
    for (let i = 0; i < length; i += 1) frame[start + i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
    this.#socket.write(frame);
  }

  #readFrames(): void {
    while (!this.#isOver) {
      const bytes = this.#unread;
      if (bytes.byteLength < 2) return;
      const short = (bytes[1] ?? 0) & 0x7f;
      const start = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (bytes.byteLength < start) return;
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.byteLength < start + length) return;
      this.#unread = bytes.subarray(start + length);
      this.#onFrame(bytes[0] ?? 0, bytes.subarray(start, start + length));
    }
  }

  #onFrame(head: number, payload: Buffer): void {
    const opcode = head & 0x0f;
    if (opcode === Opcode.ping) this.#write(Opcode.pong, payload);
    else if (opcode === Opcode.pong) this.#pings.shift()?.();
    else if (opcode === Opcode.close) this.#onClose(payload);
    else if (opcode <= Opcode.binary) {
      if (opcode !== Opcode.continuation) this.#fragmentsOpcode = opcode;
      this.#fragments.push(payload);
      if ((head & 0x80) === 0) return;
      const message = Buffer.concat(this.#fragments);
      this.#fragments = [];
      const isText = this.#fragmentsOpcode === Opcode.text;
      this.#events?.onMessage(isText ? message.toString() : new Uint8Array(message));
    }
  }

  #onClose(payload: Buffer): void {
    const code = payload.byteLength < 2 ? NO_CODE : payload.readUInt16BE(0);
    this.#farewell ??= { code, reason: payload.toString("utf8", 2) };
    this.#write(Opcode.close, payload.subarray(0, 2));
    this.#socket.end();
    this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { code, reason } = this.#farewell ?? { code: ABNORMAL, reason: "" };
    this.#events?.onClosed(code, reason);
  }
}

interface Upgrade {
  readonly socket: Socket;
  readonly answer: IncomingMessage;
  readonly head: Buffer;
}

async function upgrade(url: string, key: string, { protocols, origin }: WireSocketOptions): Promise<Upgrade> {
  const { protocol, href } = new URL(url);
  const request: ClientRequest = (protocol === "wss:" ? secureRequest : plainRequest)(href.replace(/^ws/, "http"), {
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Key": key,
      "Sec-WebSocket-Version": "13",
      ...(protocols.length === 0 ? {} : { "Sec-WebSocket-Protocol": protocols.join(", ") }),
      ...(origin === undefined ? {} : { Origin: origin }),
    },
  });
  const done = deferred<Upgrade>();
  request.on("upgrade", (answer, socket: Socket, head) => done.resolve({ socket, answer, head }));
  request.on("response", ({ statusCode }) => {
    done.reject(new Error(`The server refused the WebSocket handshake with status ${statusCode}.`));
    request.destroy();
  });
  request.on("error", ({ message }) => done.reject(new Error(`No connection to ${url} could be made: ${message}.`)));
  const cancel = systemClock.schedule(HANDSHAKE_MS, () => {
    done.reject(new Error(`The WebSocket handshake with ${url} took longer than ${HANDSHAKE_MS / 1_000} s.`));
    request.destroy();
  });
  request.end();
  try {
    return await done.promise;
  } finally {
    cancel();
  }
}
